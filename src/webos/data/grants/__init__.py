"""Reading another module's data: what is declared, checked, listed, and held by the guard while it runs."""
