"""The stage `decide`: what the earlier stages measured in, a verdict and its report out."""
