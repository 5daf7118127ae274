"""Pure trading rules: no network, no database, no clock, no settings."""
