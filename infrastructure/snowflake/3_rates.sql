-- Snowpipe loads Open Exchange Rates' files into a table as soon as they are in the lake.
--
--   snow sql -f infrastructure/snowflake/3_rates.sql \
--     -D "bucket=<output BucketName>" -D "rates_prefix=<output RatesPrefix>"
--
-- It prints notification_channel. Update the stack's parameter SnowpipeQueueArn with it.
-- Load files that already exist by ALTER PIPE RATES_PIPE REFRESH;

USE ROLE LOADER;
USE WAREHOUSE LOADING;
CREATE SCHEMA IF NOT EXISTS ANALYTICS.OPEN_EXCHANGE_RATES;
USE SCHEMA ANALYTICS.OPEN_EXCHANGE_RATES;

CREATE STAGE IF NOT EXISTS RATES_FILES
    URL = 's3://<% bucket %>/<% rates_prefix %>'
    STORAGE_INTEGRATION = DATA_LAKE
    FILE_FORMAT = (TYPE = PARQUET USE_LOGICAL_TYPE = TRUE);

CREATE TABLE IF NOT EXISTS RATES (
    DATE DATE NOT NULL,
    KIND VARCHAR NOT NULL,
    PUBLISHED_AT TIMESTAMP_LTZ NOT NULL,
    BASE VARCHAR NOT NULL,
    CURRENCY VARCHAR NOT NULL,
    RATE NUMBER(38, 18) NOT NULL,
    FILE VARCHAR NOT NULL,
    COPIED_AT TIMESTAMP_LTZ NOT NULL
);

CREATE PIPE IF NOT EXISTS RATES_PIPE AUTO_INGEST = TRUE AS
COPY INTO RATES FROM (
    SELECT
        $1:date::DATE,
        $1:kind::VARCHAR,
        $1:published_at::TIMESTAMP_LTZ,
        $1:base::VARCHAR,
        $1:currency::VARCHAR,
        $1:rate::NUMBER(38, 18),
        METADATA$FILENAME,
        METADATA$START_SCAN_TIME
    FROM @RATES_FILES
)
PATTERN = '.*[.]parquet';

-- One rate per day and currency: the closing rate, before it the latest fetched one. A file
-- that a killed run and its rerun both wrote changes nothing.
CREATE OR REPLACE VIEW DAILY_RATES AS
SELECT DATE, BASE, CURRENCY, RATE, KIND, PUBLISHED_AT
FROM RATES
QUALIFY ROW_NUMBER() OVER (
    PARTITION BY DATE, BASE, CURRENCY
    ORDER BY IFF(KIND = 'closing', 0, 1), PUBLISHED_AT DESC, COPIED_AT DESC
) = 1;

SHOW PIPES LIKE 'RATES_PIPE';
