"""A small application that shows the interface without a database: what the browser tests of the shell drive."""
