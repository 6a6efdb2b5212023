"""The command `confirm`: a study's leading settings in, the same trained with fresh seeds and judged out."""
