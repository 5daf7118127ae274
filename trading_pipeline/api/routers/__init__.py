"""Routes of the canonical tree, a file a context."""
