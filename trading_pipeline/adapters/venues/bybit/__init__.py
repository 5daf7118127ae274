"""Bybit v5: linear USDT perpetuals of a unified account in one-way mode. See ``docs/venues/bybit.md``."""
