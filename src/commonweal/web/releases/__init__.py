"""Releases: planned, built by a worker beside the vault, and signed off by a second person."""
