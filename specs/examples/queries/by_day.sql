-- Sales of the thirty days from :day on; a name in a comment is no parameter.
SELECT day, count(*) AS sales, sum(amount) AS amount
FROM sales
WHERE day BETWEEN :day AND :day + 29
GROUP BY day
ORDER BY day
