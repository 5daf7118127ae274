"""What is kept, by context."""
