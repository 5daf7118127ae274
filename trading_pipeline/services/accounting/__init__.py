"""What the account is worth."""
