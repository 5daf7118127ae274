"""A venue: its markets, its account, its clock."""
