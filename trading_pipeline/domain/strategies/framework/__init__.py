"""What every strategy is made of, and the questions each has to survive."""
