"""The command `promote`: a judged model into the registry, under an alias, and back again."""
