"""Data that an analysis cannot be made of: a finding for the reviewer, never a refusal (S5, S6).

Whether somebody of a filter has two rows, a category or a value, is known from the data alone. A
refusal that said so would answer a question about anybody who can be named by a filter.
"""

from __future__ import annotations


class UnfitError(Exception):
    """Rows that the analysis cannot be made of; never leaves this package.

    `because`: for the reviewer, words of ours.
    """

    def __init__(self, because: str) -> None:
        super().__init__(because)
        self.because = because
