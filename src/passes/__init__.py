"""Passes of a detector over a prepared split, and their matching with its labels: what several stages share."""
