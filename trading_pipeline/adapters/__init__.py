"""The outside world: venues, stores, streams, files. Translation both ways, no decisions."""
