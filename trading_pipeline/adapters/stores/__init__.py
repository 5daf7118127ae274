"""PostgreSQL: tables, repositories, bulk copy and migrations."""
