"""The exact choice of a score threshold and an NMS IoU: numpy in, dataclasses out."""
