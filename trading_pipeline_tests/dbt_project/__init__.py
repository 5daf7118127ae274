"""Tests of the analytics layer, against a real server."""
