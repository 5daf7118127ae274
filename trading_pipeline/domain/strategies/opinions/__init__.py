"""Strategies that hold an opinion at every bar: buy, sell or hold."""
