"""What the toolkit refuses, in plain words."""

from __future__ import annotations


class StudyError(Exception):
    """Something that the toolkit cannot do. The message names the argument and says what helps.

    It never holds a value out of the data.
    """
