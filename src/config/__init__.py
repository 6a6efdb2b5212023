"""From composed configuration to typed options: schemas, their registration, and the frame of an entry point."""
