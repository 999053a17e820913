"""Counts with noise (differential privacy), where a project has a budget for them.

A spend is on the ledger before noise is drawn, noise is drawn once for a question, and the answer
is kept: asked again it is given again.
"""
