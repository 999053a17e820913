"""The error codes of texts for the public and of concerns: a part of the table in `codes.py`."""

from __future__ import annotations

PUBLIC = {
    "CW-NOTICE-DAY": "A text for the public is about a day in the future.",
    "CW-NOTICE-PROJECT": "A text for the public names no project that the public can look up.",
    "CW-NOTICE-OUTPUT": "A text for the public cites no output that was released.",
    "CW-NOTICE-REASONS": "Reasons that nobody else looks at hold what a person must look at.",
    "CW-CONCERN-KEY": "No concern has this number and this code.",
    "CW-CONCERN-TRIES": "The code of a concern was tried too often within an hour.",
    "CW-PAGES-FILE": "A file of a public page cannot be used.",
    "CW-PAGES-CONTACTS": "The file with the hospital's contacts cannot be used.",
    "CW-OVERSIGHT-GROUP": "The home's record of the oversight group cannot be read.",
    "CW-OVERSIGHT-TEXT": "Words about a member's interests cannot be saved or published so.",
}
