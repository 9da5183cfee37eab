"""The admin panel: how the modules are, and what they add for administrators."""
