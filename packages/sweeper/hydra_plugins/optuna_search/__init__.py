"""What Hydra scans: the sweeper and its configuration. Everything else is the library `optuna_search`."""
