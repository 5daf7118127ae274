"""What CONTRIBUTING's recipes make: files that a test puts where a recipe says, into a copy of the package."""
