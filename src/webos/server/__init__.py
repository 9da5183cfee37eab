"""Putting it together: the application, its boot, the web process and the supervisor that keeps it running."""
