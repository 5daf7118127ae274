"""Tests of the package's domain/strategies."""
