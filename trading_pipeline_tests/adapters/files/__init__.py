"""Tests of files that people bring."""
