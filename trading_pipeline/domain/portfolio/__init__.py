"""Quantities and prices of a position: sizing, targets, stops, what fills add up to."""
