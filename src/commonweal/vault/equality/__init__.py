"""Who is missing from data because nobody can tell whose record it is, by group (P9).

Counted exactly in the vault; told only within the catalogue's figures and by their rules (S22).
"""
