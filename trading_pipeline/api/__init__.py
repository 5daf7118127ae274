"""The HTTP API: a route parses, calls one service, and shapes the answer."""
