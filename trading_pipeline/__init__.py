"""Exchange candles to audited trades, orchestrated by Dagster."""
