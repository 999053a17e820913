"""The committee: its published rules, who sits on it, conflicts, votes, and what votes decide.

Pure functions over frozen papers. The same functions are used by the page that shows a member what
they may do and by the signer that checks afterwards what was done (S11).
"""
