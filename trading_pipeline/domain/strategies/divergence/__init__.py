"""Three-segment divergence between price and MACD histogram."""
