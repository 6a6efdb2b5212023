"""The spool: the folder in which calls to the tracking store wait, with its reading and its writing end."""
