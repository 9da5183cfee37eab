"""Signing in with the account of another system: the OpenID Connect protocol."""
