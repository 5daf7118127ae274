"""The Dagster UI behind the API's door."""
