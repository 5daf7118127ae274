"""The venue's message shapes: field names, text numbers and order of the published v5 examples."""
