"""Models that others can use: the package that is registered, and the registry, which is MLflow's."""
