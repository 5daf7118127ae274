"""Redis streams and the contracts of what travels on them."""
