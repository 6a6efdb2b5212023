"""What every other package may use: the error tree, value types and atomic files."""
