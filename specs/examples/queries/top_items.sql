SELECT item, sum(amount) AS amount
FROM sales
WHERE region = :region
  AND day >= :day
GROUP BY item
ORDER BY amount DESC
LIMIT 10
