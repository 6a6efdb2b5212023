"""The stage `tune_threshold`: the confidence threshold and NMS IoU to deploy a model with."""
