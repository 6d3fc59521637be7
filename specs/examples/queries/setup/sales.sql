DROP TABLE IF EXISTS sales;

CREATE TABLE sales (
  id     INTEGER PRIMARY KEY,
  day    INTEGER NOT NULL,
  region TEXT NOT NULL,
  item   INTEGER NOT NULL,
  amount INTEGER NOT NULL
);

WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
INSERT INTO sales
SELECT
  i,
  i % 365,
  CASE i % 4 WHEN 0 THEN 'north' WHEN 1 THEN 'south' WHEN 2 THEN 'east' ELSE 'west' END,
  i * 7 % 200,
  10 + i * 31 % 990
FROM n;

CREATE INDEX sales_by_day ON sales (day);
CREATE INDEX sales_by_region ON sales (region);
