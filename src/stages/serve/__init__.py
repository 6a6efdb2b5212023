"""The command `serve`: a registered model behind HTTP."""
