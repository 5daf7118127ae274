"""Where users, sessions and keys are kept."""
