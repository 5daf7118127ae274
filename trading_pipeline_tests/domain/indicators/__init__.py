"""Tests of the package's domain/indicators."""
