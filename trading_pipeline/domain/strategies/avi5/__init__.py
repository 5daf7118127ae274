"""Channel breakouts confirmed by trend, VWAP and the order book."""
