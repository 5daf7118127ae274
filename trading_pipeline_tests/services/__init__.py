"""Use cases against real stores."""
