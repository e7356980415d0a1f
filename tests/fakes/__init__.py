"""Fakes of what cannot be reached: APIs, AWS's vault, Redshift, Snowflake."""
