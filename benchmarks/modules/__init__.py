"""Folder of modules that the measured application loads."""
