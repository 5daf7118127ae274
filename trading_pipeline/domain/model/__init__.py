"""The nouns of the system: bars, signals, plans, orders, fills, positions."""
