"""The REST surface: one module per group of endpoints, each a table of paths and handlers."""
