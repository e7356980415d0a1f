-- Lets Snowflake read the lake's bucket, with the role in the stack data-platform-lake.
--
--   snow sql -f infrastructure/snowflake/2_storage_integration.sql \
--     -D "bucket=<output BucketName>" -D "role_arn=<output SnowflakeRoleArn>"
--
-- It prints STORAGE_AWS_IAM_USER_ARN and STORAGE_AWS_EXTERNAL_ID. Update the stack's
-- parameters SnowflakeUserArn and SnowflakeExternalId with them.

USE ROLE ACCOUNTADMIN;
CREATE STORAGE INTEGRATION IF NOT EXISTS DATA_LAKE
    TYPE = EXTERNAL_STAGE
    STORAGE_PROVIDER = 'S3'
    ENABLED = TRUE
    STORAGE_AWS_ROLE_ARN = '<% role_arn %>'
    STORAGE_ALLOWED_LOCATIONS = ('s3://<% bucket %>/');
GRANT USAGE ON INTEGRATION DATA_LAKE TO ROLE LOADER;
DESC STORAGE INTEGRATION DATA_LAKE;
