-- Snowflake's database, roles, and the loading user, who has a key pair instead of a
-- password. Run it once, and again after a change: no data is lost.
--
--   openssl genrsa 2048 | openssl pkcs8 -topk8 -inform PEM -out loader.p8 -nocrypt
--   snow sql -f infrastructure/snowflake/1_database.sql \
--     -D "public_key=$(openssl rsa -in loader.p8 -pubout | grep -v '^-' | tr -d '\n')"
--
-- loader.p8 goes into AWS Secrets Manager, as private_key of
-- dlt/destination/warehouse/credentials.

USE ROLE USERADMIN;
CREATE ROLE IF NOT EXISTS LOADER COMMENT = 'Loads data: dlt and Snowpipe.';
CREATE ROLE IF NOT EXISTS ANALYST COMMENT = 'Reads what was loaded.';
CREATE USER IF NOT EXISTS LOADER
    TYPE = SERVICE
    DEFAULT_ROLE = LOADER
    DEFAULT_WAREHOUSE = LOADING
    COMMENT = 'The flows.';
ALTER USER LOADER SET RSA_PUBLIC_KEY = '<% public_key %>';

USE ROLE SECURITYADMIN;
GRANT ROLE LOADER TO USER LOADER;
GRANT ROLE LOADER TO ROLE SYSADMIN;
GRANT ROLE ANALYST TO ROLE SYSADMIN;

USE ROLE SYSADMIN;
CREATE DATABASE IF NOT EXISTS ANALYTICS;
CREATE WAREHOUSE IF NOT EXISTS LOADING
    WAREHOUSE_SIZE = XSMALL
    AUTO_SUSPEND = 60
    AUTO_RESUME = TRUE
    INITIALLY_SUSPENDED = TRUE
    STATEMENT_TIMEOUT_IN_SECONDS = 3600;
GRANT USAGE ON WAREHOUSE LOADING TO ROLE LOADER;
-- dlt creates two schemas for each dataset, one of them for staging tables
GRANT USAGE, CREATE SCHEMA ON DATABASE ANALYTICS TO ROLE LOADER;
GRANT USAGE ON DATABASE ANALYTICS TO ROLE ANALYST;

USE ROLE SECURITYADMIN;
GRANT USAGE ON FUTURE SCHEMAS IN DATABASE ANALYTICS TO ROLE ANALYST;
GRANT SELECT ON FUTURE TABLES IN DATABASE ANALYTICS TO ROLE ANALYST;
GRANT SELECT ON FUTURE VIEWS IN DATABASE ANALYTICS TO ROLE ANALYST;
