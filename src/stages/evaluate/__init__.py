"""The stage `evaluate`: what a trained model does in deployment, on val and test."""
