"""Aircraft and the airlines that fly them."""
