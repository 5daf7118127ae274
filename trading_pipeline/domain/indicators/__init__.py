"""Indicators over float64 arrays; NaN until warmed up."""
