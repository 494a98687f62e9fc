"""Benchmarks: each prints JSON, with ratios measured in one run, since absolute times of shared machines mislead."""
