"""The `webos` command."""
