"""What is told as it happens, to everybody who looks on."""
