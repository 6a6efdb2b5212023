"""Whether a model is good enough: gates judged on intervals, sanity checks, comparison with the runners-up."""
