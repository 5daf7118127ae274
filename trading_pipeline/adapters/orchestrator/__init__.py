"""The orchestrator as others reach it: over HTTP."""
