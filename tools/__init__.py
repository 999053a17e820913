"""Helpers of `dev.py`."""
