"""Positions built in several entries."""
