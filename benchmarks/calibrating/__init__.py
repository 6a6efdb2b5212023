"""What calibration.py simulates: populations with a known truth, and for each statement how often it is right."""
