"""One's own account: name, address, password, sessions and API keys."""
