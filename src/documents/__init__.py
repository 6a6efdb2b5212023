"""What one stage leaves for another, typed: one reader and one writer for each document."""
