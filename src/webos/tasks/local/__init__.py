"""Functions in the background of this process: quick to start, and lost with it."""
