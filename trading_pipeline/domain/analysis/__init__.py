"""Figures about trades and equity curves, each one function with its formula."""
