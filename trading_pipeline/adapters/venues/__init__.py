"""One folder per venue; no venue knows another."""
