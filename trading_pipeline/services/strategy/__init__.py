"""From sound bars to trade plans."""
