"""Fixtures for the tests of the framework and of modules: a real database, an application, users."""
