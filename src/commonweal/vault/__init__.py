"""The vault: everything that sees identifiable data.

Scanning and sources, choices, keys and pseudonyms, tables, risk and the release builder. Nothing
leaves this room except a release under a permit; none of its modules logs a value.
"""
