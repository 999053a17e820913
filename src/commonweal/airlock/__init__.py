"""The airlock: nothing leaves but through it.

Outputs are recomputed, checked by rules, and audited against all that has left before.
Figures about people are seen here; no value of a person is told or logged.
"""
