"""Choices about one's own record, made here without an account, and written down by staff (S14)."""
