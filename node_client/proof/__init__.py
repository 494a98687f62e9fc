"""Proofs that what a node tells is what the chain holds: headers that give their own hash, receipts that give their root.

Flow: header → `check_header` → receipts of the block → `check_receipts` → the root of their trie is the header's → the logs in
them, and no others, are the block's. Nothing here asks a node or a database.
"""

from node_client.proof.header import NodeHeader, check_header, header_hashes
from node_client.proof.receipt import NodeLog, NodeReceipt, check_receipts, receipts_root

__all__ = [
    "NodeHeader",
    "NodeLog",
    "NodeReceipt",
    "check_header",
    "check_receipts",
    "header_hashes",
    "receipts_root",
]
