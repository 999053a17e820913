"""The files of a turn as they would leave, told to the pages of its reviewers.

They come from the frozen folder: what the airlock wrote anew, never what a study wrote (S18). What
is larger than a page can show is not told, and the page says so.
"""

from __future__ import annotations

import contextlib

from commonweal.airlock.leaving.store import Submitted
from commonweal.foundation.errors import CommonwealError
from commonweal.web.outputs.contents import MOST_PICTURE, MOST_TEXT, TEXTS, as_kept
from commonweal.web.outputs.models import ReviewFile, ReviewPapers

MOST_ALL = 64 * 1024 * 1024
"""Bytes of all files of one turn; those after them, in the order of the manifest, are not told."""


def tell_contents(papers: ReviewPapers, found: Submitted) -> None:
    """Put the files of this turn in place of those of an earlier one."""
    papers.files.all().delete()
    room = MOST_ALL
    for one in found.manifest.leaving():
        limit = min(room, MOST_PICTURE if one.type == "png" else MOST_TEXT)
        if one.bytes > limit or not (one.type == "png" or one.type in TEXTS):
            continue
        # A file that is gone or has grown is none to show; nothing of it leaves either.
        with contextlib.suppress(CommonwealError):
            content = found.content(one)
            ReviewFile.objects.create(papers=papers, path=one.path, content=as_kept(content))
            room -= len(content)
