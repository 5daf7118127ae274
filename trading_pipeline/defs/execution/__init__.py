"""Orders: ops and jobs, never assets."""
