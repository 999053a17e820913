"""Writing all parts of a release into its staging folders."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from commonweal import __version__
from commonweal.foundation.canonical import canonical
from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import Failure
from commonweal.foundation.files import translated
from commonweal.foundation.london import london_day
from commonweal.ledger.membership import LABEL_SCHEME
from commonweal.papers.permit_rules import Wanted
from commonweal.papers.release import ReleaseManifest, summarise
from commonweal.vault.choices.recorded import Journal
from commonweal.vault.custody import Custody
from commonweal.vault.custody.holding import MANIFEST_SIGNER
from commonweal.vault.release.airlock_files import (
    AUDIT_KINDS,
    SIEVE_KINDS,
    audit_map,
    sieve,
)
from commonweal.vault.release.membership import MembershipList, write_membership
from commonweal.vault.release.prepare import Prepared
from commonweal.vault.release.progress import Progress
from commonweal.vault.release.recipe import CODE_SYSTEMS, EventLink, TableRecipe
from commonweal.vault.release.reporting import report_page, risk_document, risk_paper
from commonweal.vault.release.source_place import place_of
from commonweal.vault.release.store import MANIFEST, REPORT, RISK, SUMMARY
from commonweal.vault.release.utility import utility_of
from commonweal.vault.release.writing import SealedFolder, Written, sealing_key
from commonweal.vault.risk.utility_section import Utility
from commonweal.vault.tables import ops


@dataclass(frozen=True)
class Aside:
    """What was written beside the release, for the airlock and the patient's proof."""

    holdout: tuple[Written, ...]
    members: MembershipList
    audit_map: Written
    sieve: Written | None


def assemble(
    custody: Custody,
    prepared: Prepared,
    inside: SealedFolder,
    aside: Path,
    key_ids: dict[str, str],
    place: tuple[int, str | None],
    progress: Progress,
) -> None:
    """Fill `inside` (the release) and the folder `aside`. `place`: number, earlier release.

    Raises what sealing and signing raise; the caller removes both folders then.
    """
    # While the tables are at hand: each is forgotten as soon as it is written.
    utility = utility_of(prepared)
    tables = {}
    for recipe in prepared.recipe.tables:
        progress(f"Writing {recipe.name}")
        tables[recipe.name] = _write_table(prepared, recipe, inside)
    beside = _write_aside(prepared, inside, aside, progress)
    progress("Writing the manifest")
    manifest = ReleaseManifest.read(
        {
            **_origin(custody, prepared, inside.release, place),
            **_content(prepared, tables, beside),
            "key_ids": key_ids,
            "papers": _write_papers(prepared, tables, inside, utility),
        },
        "The release manifest",
    )
    signer = custody.signer(MANIFEST_SIGNER)
    at = manifest.built_at
    _write_plain(inside, MANIFEST, manifest.signed([signer], at).encode())
    _write_plain(inside, SUMMARY, summarise(manifest).signed([signer], at).encode())


def _write_aside(
    prepared: Prepared, inside: SealedFolder, aside: Path, progress: Progress
) -> Aside:
    """Hold-out, membership list, audit map and sieve.

    The hold-out is data and shares the release's key. The others outlive the release (a patient may
    ask years later, outputs are audited against all that left), so they are sealed under the
    custodian's own keys.
    """
    engine, keys = prepared.loaded.engine, prepared.shaper.keys
    held = _held_out(prepared)
    holdout = []
    if held is not None:
        progress("Writing the hold-out")
        kept = SealedFolder(aside, inside.release, inside.key)
        for recipe in prepared.recipe.tables:
            if recipe.about_people:
                table = prepared.shaper.released(recipe, held, like=prepared.released)
                path = f"holdout/{recipe.name}/part-0.parquet"
                holdout.append(kept.write_table(path, engine, table.table, table.words))
    progress("Making the membership list")
    everyone = _everyone(prepared, held)
    people = engine.arrow(ops.ordered(everyone, ["number"]))
    listed = SealedFolder(aside, inside.release, sealing_key(keys.membership))
    members = write_membership(engine, people.column("person"), keys.membership, listed)
    progress("Making the files for the airlock")
    mapped = SealedFolder(aside, inside.release, sealing_key(keys.audit)).write_rows(
        "audit_map", audit_map(people, keys), AUDIT_KINDS
    )
    tokens = sieve(prepared.loaded, everyone, keys)
    sieved = None
    if tokens is not None:
        sealed = SealedFolder(aside, inside.release, sealing_key(keys.sieve))
        sieved = sealed.write_rows("sieve", tokens, SIEVE_KINDS)
    return Aside(tuple(holdout), members, mapped, sieved)


def _origin(
    custody: Custody, prepared: Prepared, release: str, place: tuple[int, str | None]
) -> dict[str, Any]:
    """The part of the manifest that says which release this is and what it was made from."""
    engine = prepared.loaded.engine
    return {
        "manifest": 1,
        "release": release,
        "sequence": place[0],
        "supersedes": place[1],
        "permit_id": prepared.inputs.permit.id,
        "permit_hash": prepared.inputs.permit.digest(),
        "catalogue_digest": prepared.recipe.catalogue_digest,
        "built_at": stamp(custody.clock.now()),
        "engine": {"name": engine.name, "version": engine.version},
        "commonweal": __version__,
        "source": {
            "kind": prepared.recipe.dataset.source.kind,
            "fingerprint": prepared.loaded.fingerprint.digest,
            "place": place_of(
                prepared.shaper.keys.project,
                prepared.recipe.dataset.id,
                prepared.recipe.dataset.source,
                prepared.inputs.catalogue_folder,
            ),
        },
        "person_kind": prepared.recipe.dataset.person.kind,
        "pseudonym_scope": "linked" if prepared.shaper.keys.scope == "linked" else "release",
    }


def _content(prepared: Prepared, tables: dict[str, Any], beside: Aside) -> dict[str, Any]:
    """The part of the manifest that says who and what is in the release."""
    held = None
    if beside.holdout:
        files = [_file(one) for one in beside.holdout]
        held = {"people": prepared.chosen.held_out, "files": files}
    return {
        "choices": applied_choices(prepared),
        "patients": patients(prepared),
        **missing(prepared),
        "tables": tables,
        "links": [_link(one) for one in prepared.recipe.event_links],
        "risk": risk_paper(prepared),
        "membership": {
            "root": f"sha256:{beside.members.root.hex()}",
            "leaves": beside.members.leaves,
            "scheme": LABEL_SCHEME,
            "list_hash": beside.members.written.sealed_hash,
            "index_hash": beside.members.index.sealed_hash,
        },
        "holdout": held,
        "audit_map": beside.audit_map.sealed_hash,
        "sieve": None if beside.sieve is None else beside.sieve.sealed_hash,
    }


def _link(link: EventLink) -> dict[str, str]:
    return {
        "table": link.child,
        "column": link.variable,
        "to_table": link.parent,
        "to_column": link.parent_variable,
    }


def _write_papers(
    prepared: Prepared, tables: dict[str, Any], inside: SealedFolder, utility: Utility
) -> dict[str, str]:
    page = report_page(prepared, inside.release, patients(prepared), tables, utility)
    return {
        RISK: _write_plain(inside, RISK, canonical(risk_document(prepared, utility)) + b"\n"),
        REPORT: _write_plain(inside, REPORT, page.encode()),
    }


def _write_plain(inside: SealedFolder, name: str, content: bytes) -> str:
    """Write a paper of ours beside the data; returns its hash."""
    with translated(name), (inside.folder / name).open("xb") as sink:
        sink.write(content)
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _write_table(prepared: Prepared, recipe: TableRecipe, inside: SealedFolder) -> dict[str, Any]:
    engine, shaper, people = prepared.loaded.engine, prepared.shaper, prepared.released
    shaped = shaper.released(recipe, people)
    path = f"data/{recipe.name}/part-0.parquet"
    written = inside.write_table(path, engine, shaped.table, shaped.words)
    losses = shaper.losses(recipe, people)
    if not prepared.chosen.held_out:
        shaper.narrow.forget(recipe)
    return {
        "rows": written.rows,
        "columns": _columns(recipe, shaped.kinds),
        "files": [_file(written)],
        "trimmed": losses.trimmed,
        "restricted_rows": losses.restricted,
        "rare_values": shaper.rare_values(recipe),
    }


def _columns(recipe: TableRecipe, kinds: dict[str, str]) -> list[dict[str, Any]]:
    by_name = {item.variable.name: item for item in recipe.items}
    columns = []
    for name, kind in kinds.items():
        item = by_name.get(name)
        form = "pseudonym" if item is None or name == recipe.code_column else item.form.text
        role = "record_key" if item is None else item.variable.role
        columns.append({"name": name, "type": kind, "form": form, "role": role, **_codes(item)})
    return columns


def _codes(item: Wanted | None) -> dict[str, Any]:
    """Of which code system the released values are codes."""
    if item is None or item.form.kind not in ("exact", "truncate", "rollup"):
        return {}
    system = item.variable.identifies
    return {"codes": system} if system in CODE_SYSTEMS else {}


def _file(written: Written) -> dict[str, Any]:
    return {
        "path": written.path,
        "rows": written.rows,
        "content_hash": written.content_hash,
        "sealed_hash": written.sealed_hash,
        "bytes": written.bytes,
    }


def _held_out(prepared: Prepared) -> ops.Table | None:
    if not prepared.chosen.held_out:
        return None
    people = prepared.chosen.people
    held = ops.keep_where(people, people["held_out"])
    return ops.select(held, ["person", "weeks", "number"])


def _everyone(prepared: Prepared, held: ops.Table | None) -> ops.Table:
    """person, code, number of all who are released or held out."""
    parts = [ops.select(prepared.released, ["number"])]
    if held is not None:
        parts.append(ops.select(held, ["number"]))
    people = ops.select(prepared.chosen.people, ["person", "code", "number"])
    if prepared.released is prepared.shaper.narrow.whole:
        return people
    return ops.semi_join(people, ops.union(*parts), {"number": "number"})


def applied_choices(prepared: Prepared) -> dict[str, Any]:
    """Which choices were honoured, as the manifest holds them."""
    decision, folder = prepared.decision, prepared.folder
    determination = prepared.inputs.permit.choices.determination
    national: dict[str, Any] = {"applied": decision.national}
    if decision.national:
        if folder.national is None:
            raise Failure("CW-RELEASE-INCONSISTENT", "The national list that was applied is gone.")
        national |= {
            "checked_at": stamp(folder.national.checked_at),
            "requested": folder.national.requested,
            "returned": folder.national.returned,
            "list_hash": folder.national.sha256,
        }
    elif determination is not None:
        national["determination"] = determination.code
    journal = folder.journal
    applied = sorted(decision.kinds | ({"national"} if decision.national else set()))
    return {
        "applied": applied,
        "national": national,
        "objections_hash": folder.objections_hash,
        "objections_rows": folder.objections.rows.num_rows,
        "asserted_by": folder.asserted_by,
        **(_journal(journal, prepared.inputs.at) if journal.head else {}),
    }


def _journal(journal: Journal, at: datetime) -> dict[str, Any]:
    return {
        "journal": journal.number,
        "journal_hash": journal.head,
        "counted_on": london_day(at).isoformat(),
    }


def missing(prepared: Prepared) -> dict[str, Any]:
    """Who of the source cannot be found, as the manifest holds it."""
    return {} if prepared.missing is None else {"missing": prepared.missing.plain()}


def patients(prepared: Prepared) -> dict[str, Any]:
    """Exact counts of people at each step, as the manifest holds them."""
    chosen = prepared.chosen
    left = prepared.suppressed + prepared.left_empty
    return {
        "considered": prepared.considered.total,
        "in_cohort": chosen.in_cohort,
        "removed": dict(chosen.choices.removed),
        "left_empty": prepared.left_empty,
        "suppressed": prepared.suppressed,
        "held_out": chosen.held_out,
        "released": chosen.allowed - chosen.held_out - left,
    }
