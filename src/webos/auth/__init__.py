"""Who the user is: accounts, sessions, the identity middleware, permission checks.

It knows the kernel, the data layer, the events and the tasks, and nothing of the interface.
"""
