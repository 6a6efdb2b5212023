"""The only package that knows Ultralytics: training, evaluation of weights, and the guard of resolved settings."""
