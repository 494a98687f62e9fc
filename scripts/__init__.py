"""The operators' verbs: one file a verb or a group of verbs, thin over node_client, gathered in one command `tanhui`."""
