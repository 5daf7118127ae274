"""Processes: embedded servers, the supervisor and what it supervises."""
