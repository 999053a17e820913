"""Concerns that anybody can raise: a number, a clock of 30 days, and an outcome."""
