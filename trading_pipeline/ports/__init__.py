"""What the use cases need from outside, as small abstract classes."""
