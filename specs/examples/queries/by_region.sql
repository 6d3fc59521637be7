SELECT region, count(*) AS sales, avg(amount) AS average
FROM sales
WHERE region = :region
GROUP BY region
