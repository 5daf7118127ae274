"""A running system: its folder, its servers, its processes."""
