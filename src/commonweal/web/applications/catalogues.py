"""The catalogue against which applications are checked, as the home keeps it.

The newest file that passed its check and has the dataset counts, as everywhere in the house. What
pages show of it is names, roles and forms; figures stay in it (S22).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from commonweal.foundation.errors import CommonwealError, Unavailable
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.kept import load_kept
from commonweal.web.discovery.reading import catalogue_files


def catalogue_for(dataset: str | None) -> Catalogue:
    """The newest catalogue with `dataset`; without one, or where none has it, the newest.

    Raises `Unavailable` CW-CATALOGUE-NOT-KEPT where the home has none yet.
    """
    found = _newest(tuple(catalogue_files(settings.ENVIRONMENT.home)), dataset)
    if found is None:
        raise Unavailable(
            "CW-CATALOGUE-NOT-KEPT",
            "No list of data has been made yet, so nobody can apply for data.",
            remedy="The hospital's data manager makes it with `commonweal catalogue`.",
        )
    return found


@lru_cache(maxsize=16)
def _newest(paths: tuple[Path, ...], dataset: str | None) -> Catalogue | None:
    newest = None
    for path in reversed(paths):
        try:
            catalogue = load_kept(path)
        except CommonwealError:
            continue  # as everywhere: a damaged copy is passed over, and an older one counts
        if dataset is None or any(one.id == dataset for one in catalogue.datasets):
            return catalogue
        newest = newest or catalogue
    return newest
