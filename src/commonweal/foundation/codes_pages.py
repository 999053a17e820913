"""The error codes of public pages: a part of the closed table in `codes.py`."""

from __future__ import annotations

PAGES = {
    "CW-PAGES-FILE": "A file of a public page cannot be used.",
    "CW-PAGES-CONTACTS": "The file with the hospital's contacts cannot be used.",
}
