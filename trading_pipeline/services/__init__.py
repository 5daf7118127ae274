"""Use cases: one verb each, ports in, facts out."""
