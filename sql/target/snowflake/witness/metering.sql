-- The credits of a warehouse in the hours that touch a range of time, whoever used it. Up to 180 minutes late. ? are its
-- name, then the ends of the range.
SELECT SUM(CREDITS_USED) AS CREDITS
FROM SNOWFLAKE.ACCOUNT_USAGE.WAREHOUSE_METERING_HISTORY
WHERE UPPER(WAREHOUSE_NAME) = UPPER(?)
  AND END_TIME > TO_TIMESTAMP_LTZ(?)
  AND START_TIME < TO_TIMESTAMP_LTZ(?)
