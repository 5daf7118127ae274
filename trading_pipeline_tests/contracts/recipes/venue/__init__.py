"""A market of tulips in memory: the smallest venue that keeps every promise of the ports."""
