"""Second factors: codes of apps, recovery codes, passkeys; asking for them, and setting them up."""
