"""The dbt project's models."""
