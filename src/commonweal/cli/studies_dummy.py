"""`commonweal study dummy`: made-up data for a permit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commonweal.cli.options import HomeOption, JsonOption, new_place, opened
from commonweal.cli.show import emit, note

if TYPE_CHECKING:
    from commonweal.papers.catalogue import Catalogue
    from commonweal.papers.figures import CatalogueFigures
    from commonweal.papers.permit import PermitDraft


def dummy(
    ctx: typer.Context,
    permit: Annotated[
        Path, typer.Argument(help="A signed permit, or a draft of one.", metavar="PERMIT")
    ],
    patients: Annotated[int, typer.Option(help="How many made-up people.", metavar="N")],
    out: Annotated[
        Path,
        typer.Option(help="The new folder to write.", metavar="DIR", callback=new_place),
    ],
    catalogue: Annotated[
        Path | None,
        typer.Option(help="The catalogue; else the home's newest.", show_default=False),
    ] = None,
    figures: Annotated[
        Path | None,
        typer.Option(help="Published figures of the catalogue to follow.", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other people.")] = 1,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Make up data that look like a release under a permit.

    From the permit, the catalogue and its published figures alone: no patient's record is read.
    As many people as were asked for, all in the permit's cohort. A study written on them runs on
    the release unchanged.
    """
    from commonweal.enclave.dummy import make, write
    from commonweal.enclave.dummy.writing import MARK

    asked = _permit(permit)
    described = _catalogue(ctx, home, catalogue, asked.dataset.dataset)
    _say_if_changed(json, asked, described)
    made = make(asked, described, patients, seed=seed, figures=_figures(figures))
    write(made, out)
    tables = {
        name: {"rows": table.num_rows, "columns": table.num_columns}
        for name, table in made.released.items()
    }
    plain = {"permit": asked.id, "patients": patients, "seed": seed, "out": str(out)}
    lines = [f"{name}: {one['rows']:,} rows" for name, one in tables.items()]
    emit(json, {**plain, "tables": tables}, [*lines, MARK])


def _permit(path: Path) -> PermitDraft:
    """The permit or draft in a file.

    A signature is not looked at: nothing is given away here, and a researcher has no home to hold
    it against.
    """
    from commonweal.foundation.documents import load_document
    from commonweal.foundation.errors import Fault
    from commonweal.foundation.files import read_bytes
    from commonweal.papers.permit import Permit, PermitDraft
    from commonweal.papers.signing import unverified

    text = read_bytes(path, "The permit", limit=4 * 1024 * 1024)
    if text.lstrip().startswith(b"{") and b'"payload"' in text:
        return Permit.read(unverified(text, "The permit"), "The permit", "CW-PERMIT-INVALID")
    document = load_document(path, "The permit draft")
    if not isinstance(document, dict) or "permit" not in document:
        raise Fault(
            "CW-DUMMY-PERMIT", f"{path.name} is neither a signed permit nor a draft of one."
        )
    return PermitDraft.read(document, f"Draft {path.name}", "CW-PERMIT-INVALID")


def _catalogue(ctx: typer.Context, home: Path | None, path: Path | None, dataset: str) -> Catalogue:
    from commonweal.papers.catalogue import Catalogue

    if path is not None:
        return Catalogue.load(path)
    from commonweal.vault.custody.catalogues import find_catalogue

    with opened(ctx, home) as custody:
        return find_catalogue(custody, dataset)[1]


def _figures(path: Path | None) -> CatalogueFigures | None:
    if path is None:
        return None
    from commonweal.foundation.files import read_bytes
    from commonweal.papers.figures import CatalogueFigures
    from commonweal.papers.signing import unverified

    text = read_bytes(path, "The figures", limit=64 * 1024 * 1024)
    return CatalogueFigures.read(unverified(text, "The figures"), "The figures")


def _say_if_changed(json: bool, asked: PermitDraft, catalogue: Catalogue) -> None:
    from commonweal.papers.permit import Permit

    if not isinstance(asked, Permit):
        return
    if catalogue.governed_digest((asked.dataset.dataset,)) != asked.catalogue_digest:
        note(
            json,
            "This is not the catalogue that the permit was issued against; a release may look "
            "otherwise.",
        )
