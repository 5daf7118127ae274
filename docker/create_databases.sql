-- Runs once, when the server's volume is empty. The database `trading` comes from POSTGRES_DB.
CREATE DATABASE dagster;
