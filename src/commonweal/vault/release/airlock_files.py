"""What the airlock will need beside a release, and no job ever sees (S3, and the identifier sieve).

`audit_map`: the project's code and the custodian's audit id of each person, so that outputs of
different projects can be audited together. `sieve`: keyed hashes of source identifiers, so that the
airlock finds an identifier in an output without knowing any.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from commonweal.papers.catalogue import Variable
from commonweal.vault.keys.codes import Bytes, code_column, codes_of, order_of
from commonweal.vault.release.loading import PERSON, Loaded
from commonweal.vault.release.project_keys import ProjectKeys
from commonweal.vault.tables import ops

SIEVE_MINIMUM = 4
"""Identifiers shorter than this many letters and digits would match ordinary words."""


AUDIT_KINDS = {"code": "code", "audit_id": "code"}
_SIEVED = "sieved"
SIEVE_KINDS = {"token": "code", "identifies": "text"}


def audit_map(people: pa.Table, keys: ProjectKeys) -> pa.Table:
    """`code`, `audit_id` (16 bytes each) for `people` (columns `person`, `code`, in its order)."""
    made = codes_of(keys.audit, people.column("person"))
    return pa.table({"code": people.column("code"), "audit_id": code_column(made)})


def sieve(loaded: Loaded, people: ops.Table, keys: ProjectKeys) -> pa.Table | None:
    """`token` (16 bytes), `identifies` (text) for the identifiers of `people`, each pair once.

    In order of the tokens. None where the source has no identifiers of people.
    """
    variables = loaded.recipe.sieved()
    table = loaded.recipe.person_table
    if table is None or not variables:
        return None
    linked = loaded.linked(table)
    mine = ops.semi_join(linked, people, {PERSON: "person"})
    rows = loaded.engine.keep(_SIEVED, ops.select(mine, [one.name for one in variables]))
    found: list[tuple[Bytes, npt.NDArray[np.int32], str]] = []
    for kind in sorted({_kind(variable) for variable in variables}):
        parts = [_texts(rows, one) for one in variables if _kind(one) == kind]
        texts = ops.distinct(ops.union(*parts))
        enough = ops.compare(
            ops.text_length(texts["text"]), "ge", ops.constant(SIEVE_MINIMUM, "integer")
        )
        column = loaded.engine.arrow(ops.keep_where(texts, enough)).column("text")
        tokens = codes_of(keys.sieve, column)
        found.append((tokens, np.full(len(tokens), len(found), np.int32), kind))
    loaded.engine.forget(_SIEVED)
    tokens = np.concatenate([one for one, _, _ in found])
    # Kinds were taken in order, and equal tokens keep theirs.
    order = order_of(tokens)
    kinds = pa.DictionaryArray.from_arrays(
        np.concatenate([number for _, number, _ in found])[order], [kind for _, _, kind in found]
    )
    return pa.table({"token": code_column(tokens[order]), "identifies": kinds})


def _kind(variable: Variable) -> str:
    return variable.identifies or variable.name


def _texts(rows: ops.Table, variable: Variable) -> ops.Table:
    """`text`: the values of a variable in the spelling of the sieve."""
    if variable.identifies == "nhs_number":
        # As people write the number, however the source spells it.
        column = rows[variable.name]
        text = ops.first_of(ops.nhs_shaped(column), ops.bare_token(column))
        return ops.project(rows, {"text": text})
    # Each spelling once: postcodes and names are shared by many.
    once = ops.distinct(ops.select(rows, [variable.name]))
    return ops.project(once, {"text": ops.bare_token(once[variable.name])})
