"""What the airlock will need beside a release, and no job ever sees (S3, and the identifier sieve).

`audit_map`: the project's code and the custodian's audit id of each person, so that outputs of
different projects can be audited together. `sieve`: keyed hashes of source identifiers, so that the
airlock finds an identifier in an output without knowing any.
"""

from __future__ import annotations

from commonweal.vault.release.loading import PERSON, Loaded
from commonweal.vault.release.project_keys import ProjectKeys
from commonweal.vault.tables import ops

SIEVE_MINIMUM = 4
"""Identifiers shorter than this many letters and digits would match ordinary words."""


def audit_map(loaded: Loaded, people: ops.Table, keys: ProjectKeys) -> ops.Table:
    """`code`, `audit_id` (16 bytes each) for `people` (columns `person`, `code`)."""
    key = loaded.engine.key_table("key_audit", keys.audit.use())
    made = ops.with_hmac(people, "person", "cw__audit", key)
    return ops.project(made, {"code": made["code"], "audit_id": ops.code_of(made["cw__audit"])})


def sieve(loaded: Loaded, people: ops.Table, keys: ProjectKeys) -> ops.Table | None:
    """`token` (16 bytes), `identifies` (text) for the identifiers of `people`, each pair once.

    None where the source has no identifiers of people.
    """
    variables = loaded.recipe.sieved()
    table = loaded.recipe.person_table
    if table is None or not variables:
        return None
    rows = ops.semi_join(loaded.linked(table), people, {PERSON: "person"})
    parts = []
    for variable in variables:
        column = rows[variable.name]
        token = ops.bare_token(column)
        if variable.identifies == "nhs_number":
            # As people write the number, however the source spells it.
            token = ops.first_of(ops.nhs_shaped(column), token)
        kind = ops.constant(variable.identifies or variable.name, "text")
        parts.append(ops.project(rows, {"text": token, "identifies": kind}))
    tokens = ops.distinct(ops.union(*parts))
    enough = ops.compare(
        ops.text_length(tokens["text"]), "ge", ops.constant(SIEVE_MINIMUM, "integer")
    )
    tokens = ops.keep_where(tokens, enough)
    key = loaded.engine.key_table("key_sieve", keys.sieve.use())
    made = ops.with_hmac(tokens, "text", "cw__token", key)
    return ops.project(
        made, {"token": ops.code_of(made["cw__token"]), "identifies": made["identifies"]}
    )
