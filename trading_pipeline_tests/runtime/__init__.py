"""Processes and what they are made of."""
