"""Builders, fakes and embedded servers for tests."""
