"""From trade plans to protected positions, and out of them again."""
