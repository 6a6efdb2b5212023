"""What a study says: its settings, their comparison, what mattered, and what a confirmation found."""
