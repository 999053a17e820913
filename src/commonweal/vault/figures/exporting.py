"""What an export says of a dataset now."""

from __future__ import annotations

from urllib.parse import quote

from commonweal.foundation.files import read_bytes
from commonweal.papers.exports import Described
from commonweal.papers.figures import CatalogueFigures
from commonweal.papers.kept import kept_at
from commonweal.vault.custody import Custody, find_catalogue
from commonweal.vault.figures.describing import public_place


def described_now(
    custody: Custody, dataset_id: str, address: str, contact: str | None
) -> Described:
    """The newest kept entry of a dataset, with the figures that were made of this very entry.

    Raises `Fault` CW-CATALOGUE-NOT-KEPT.
    """
    path, catalogue = find_catalogue(custody, dataset_id)
    dataset = catalogue.dataset(dataset_id)
    place = public_place(custody, dataset_id)
    figures = None
    if place.is_file():
        content = read_bytes(place, "The catalogue's figures")
        figures = CatalogueFigures.load(content, custody.belief)
        if figures.catalogue_digest != catalogue.governed_digest((dataset_id,)):
            figures = None
    where = f"{address}/data/{quote(dataset_id)}/"
    return Described(catalogue.custodian, dataset, figures, kept_at(path), where, contact)
