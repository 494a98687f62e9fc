"""Everything that talks to a chain, and the mirror of what the chain says."""
