"""What becomes of each thing that a parser notes in a file, and the sentence about it.

These sentences are about the file's form, which its author made and may know, and never repeat
anything that stands in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from commonweal.airlock.files.answers import NoteName
from commonweal.airlock.profile import Stop
from commonweal.airlock.rules.findings import Finding

_DROPPED = {
    "encoding": "The file is not in UTF-8; it leaves in UTF-8.",
    "delimiter": "The columns are not divided as the name says; the table leaves with commas.",
    "pandas_metadata": "The file carries a description by pandas, which does not leave.",
    "metadata": "The file carries descriptions beside its content, which do not leave.",
    "animation": "The picture moves; only what stands still leaves.",
    "comments": "Comments do not leave.",
    "drawings": "Pictures and charts in a workbook do not leave; hand them in as files.",
    "defined_names": "Names of ranges do not leave.",
    "formulas": "Formulas do not leave; the values that they last had do.",
    "beside_cells": "Lists of choices, rules of colour and headers of pages do not leave.",
    "outputs": "Outputs of a notebook do not leave with it; hand them in as files.",
    "attachments": "Attachments of a notebook do not leave.",
    "widgets": "The state of widgets does not leave.",
    "index": "A column is the index of a data frame; say whether it should be there.",
    "under_transparency": "There is a picture under full transparency; it does not leave.",
}
_HIDDEN = {
    "hidden_sheets": "A sheet is hidden.",
    "hidden_lines": "Rows or columns are hidden.",
    "trailing": "There are bytes behind the end of the picture.",
    "beside_entries": "There are bytes beside the parts of the file.",
    "pivot": "The workbook keeps the rows behind a pivot table or slicer.",
    "embedded": "Another file is embedded.",
    "unknown_part": "The workbook has a part of an unknown kind.",
    "unseen_mark": "Something is drawn or written so that nobody sees it.",
    "unknown_mark": "There are elements or attributes that may not leave.",
    "encoded": "There is a long text that nobody can read.",
}
_ACTIVE = {
    "macros": "The workbook has macros.",
    "external": "The workbook points to other files or connections.",
    "runs": "There is a script, or something else that runs.",
    "points_outside": "Something is loaded from elsewhere, or embedded.",
}
MOST_MARKS = 100
"""Marks of one kind in a drawing beyond which they are taken to be rows of people."""
_MARKS = "The drawing has a mark for each of many values, as a plot of single people has."


def findings_of(notes: Mapping[NoteName, int], what: str) -> Iterator[Finding]:
    """A finding for each note that is one."""
    for note in sorted(notes):
        count = float(notes[note])
        where = {"table": what, "part": note}
        if note == "coordinates":
            if count:
                yield Finding("underlying", "Unknown", "review", where, count)
        elif note == "marks":
            if count > MOST_MARKS:
                yield Finding("hidden", "Unknown", "fail", where, count, MOST_MARKS, _MARKS)
        else:
            rule, outcome, said = _kind(note)
            yield Finding(rule, "Unknown", outcome, where, count, said=said)


def _kind(note: str) -> tuple[str, Stop, str]:
    if note in _DROPPED:
        return "dropped", "review", _DROPPED[note]
    if note in _HIDDEN:
        return "hidden", "fail", _HIDDEN[note]
    return "active", "fail", _ACTIVE[note]
