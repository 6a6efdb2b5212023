"""The courier: the process that delivers the spool to the tracking store, and what others see of its work."""
