"""What would have been, and whether it is what was."""
