"""What the system and its account look like now."""
