"""From what a venue said to sound bars."""
