"""The rules about files, in words: code, family, and what a reviewer is told.

The family `withheld` is of what was found by comparing a file with the release or with the sieve.
Telling its author would make the airlock an oracle: write a name into a file, hand it in, and read
whether it is in the data. So its author reads what the author of every declared file reads.
"""

from __future__ import annotations

from typing import Literal

FileFamily = Literal["person", "file", "part", "asked", "withheld"]

FILE_RULES: dict[str, tuple[str, FileFamily, str]] = {
    "type": (
        "CW-OUTPUT-TYPE", "file", "The file is of another kind than its name says."
    ),
    "name": ("CW-OUTPUT-NAME", "file", "The file has a name that no output may have."),
    "model": (
        "CW-OUTPUT-MODEL-FILE", "file", "A model leaves by the checks for models only."
    ),
    "hidden": ("CW-OUTPUT-HIDDEN", "file", "The file carries what nobody sees ({value} times)."),
    "active": (
        "CW-OUTPUT-ACTIVE", "file", "The file carries what runs or loads something ({value} times)."
    ),
    "dropped": (
        "CW-OUTPUT-DROPPED", "part", "Part of the file does not leave with it ({value} times)."
    ),
    "underlying": (
        "CW-OUTPUT-UNDERLYING", "asked", "The table behind this picture must be handed in as well."
    ),
    "hint": (
        "CW-OUTPUT-HINT", "person", "{value} values look like postcodes or dates of birth."
    ),
    "keylike": (
        "CW-OUTPUT-KEYLIKE", "person", "Nearly every row has a value of its own here, as codes do."
    ),
    "repeated": (
        "CW-OUTPUT-REPEATED", "person", "{value} rows stand more than once, as in rows of people."
    ),
    "sieve": (
        "CW-OUTPUT-SIEVE", "withheld",
        "{value} different values are identifiers of people in the source.",
    ),
    "codes": (
        "CW-OUTPUT-CODES", "withheld", "{value} different values are codes of people or records."
    ),
    "row-level": (
        "CW-OUTPUT-ROW-LEVEL", "withheld",
        "In {value} rows the values together belong to fewer than {limit} people of the release.",
    ),
    "not-compared": (
        "CW-OUTPUT-NOT-COMPARED", "withheld",
        "The file was not compared with the release or with the identifiers of its source.",
    ),
}  # fmt: skip
