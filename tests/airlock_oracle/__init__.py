"""Analyses answered by another program: cases, and the answers that were taken from it once."""
