"""Bars, books, verdicts and waves."""
