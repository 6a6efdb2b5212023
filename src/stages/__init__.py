"""One module a stage: typed options in, a result out; wiring only."""
