"""The HTTP face of the ledger: reading for everybody, acts for those with a key."""
