"""Rules about the code itself, held by tools instead of by memory."""
