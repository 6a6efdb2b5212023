"""The stage `train`: prepared data and a starting point in, a trained detector and its metrics out."""
