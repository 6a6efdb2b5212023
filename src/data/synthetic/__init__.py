"""A drawn data set: people of many sizes and poses among things that are no people. Needs no download."""
