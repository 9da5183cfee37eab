"""The bare things: the same work with the libraries alone. Each file is a program that serves on a port."""
