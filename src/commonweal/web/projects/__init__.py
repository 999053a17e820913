"""Agreements, permits and releases of projects that were approved."""
