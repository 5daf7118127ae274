"""Bars, from the venue to sound rows."""
