"""Hyperparameter search for object detectors; the entry points are `python -m src.<name>`."""
