"""Finding what release 0 told of missing people."""

from __future__ import annotations

from commonweal.foundation.errors import CommonwealError
from commonweal.foundation.files import read_bytes
from commonweal.papers.figures import CatalogueFigures
from commonweal.vault.custody import Custody
from commonweal.vault.equality.telling import Cited
from commonweal.vault.figures import history
from commonweal.vault.figures.publishing import Margins, catalogue_margins


def cited_figures(custody: Custody, dataset: str) -> Cited | None:
    """The newest figures of `dataset`; None where there are none, or they are not whole.

    A release is not refused for want of figures: then nothing is told of missing people.
    """
    newest = next((one for one in reversed(history.told(custody)) if one.dataset == dataset), None)
    if newest is None:
        return None
    try:
        content = read_bytes(
            history.folder_of(custody, newest.release) / history.FIGURES, "The catalogue's figures"
        )
        paper = CatalogueFigures.load(content, custody.belief)
        if paper.digest() != newest.figures_hash or paper.missing is None:
            return None
        held = history.read_inner(custody, newest.release).held
    except CommonwealError:
        return None
    margins: Margins = catalogue_margins(custody.keyring.secret("audit"))
    return Cited(paper.release, paper.measured_at.date(), paper.missing, held, margins)
