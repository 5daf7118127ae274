"""The command ``trading-pipeline``."""
