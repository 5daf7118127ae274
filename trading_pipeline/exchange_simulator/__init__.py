"""A Bybit v5-compatible exchange for linear perpetuals, over HTTP and WebSocket."""
