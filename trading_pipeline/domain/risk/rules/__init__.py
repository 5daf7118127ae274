"""The gate's rules: one question each, in the order they are asked."""
