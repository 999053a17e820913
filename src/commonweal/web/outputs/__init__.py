"""Outputs on their way out: their authors ask, two people look, and what is safe leaves."""
