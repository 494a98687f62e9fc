"""One function per act of the ledger, in a file per noun: what it takes, who may, what is true afterwards.

All take the `Ledger` and the `Signer` whose account acts, send one transaction and wait for it. Those that create something
give its number. Every one raises `Refused` with the contract's own error; rules stand in the contracts alone.
"""
