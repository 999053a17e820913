"""What is attacked: a release of the home's store, unsealed in memory, or one file by its hash.

Both give the same: columns that others may know, each with its form, and rows that belong to
records.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from commonweal.foundation.canonical import digest
from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.files import sha256_file
from commonweal.papers.authorisation import Authorisation
from commonweal.papers.forms import Form
from commonweal.papers.permit import Permit
from commonweal.papers.release import ReleaseManifest
from commonweal.vault.custody import Custody, find_permit, load_permit, status_of
from commonweal.vault.keys import Secret
from commonweal.vault.keys.codes import CODE_BYTES, codes_of
from commonweal.vault.release.closing import newest
from commonweal.vault.release.known_forms import FORMS
from commonweal.vault.release.opening import data_key, require_fresh_choices
from commonweal.vault.release.project_keys import scope_of
from commonweal.vault.release.store import MANIFEST, read_manifest
from commonweal.vault.release.verify import open_file
from commonweal.vault.release.writing import context_of
from commonweal.vault.risk.intruder.reading import as_keys, columns_of, released_file, unfit
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine

_KNOWABLE = frozenset({"quasi_identifier", "direct_identifier"})


@dataclass(frozen=True)
class Offered:
    """One column that can be attacked. `known_as`: names that it may have in what is known."""

    table: str
    column: str
    form: Form
    knowable: bool
    weeks: int | None = None

    @property
    def name(self) -> str:
        """`table.column`, or the column alone for a file."""
        return f"{self.table}.{self.column}" if self.table else self.column

    @property
    def known_as(self) -> tuple[str, str]:
        """The longer name counts before the shorter one."""
        return self.name, self.column


@dataclass(frozen=True)
class Attacked:
    """`read(table, columns)` gives rows with the record's key first, as text."""

    offered: tuple[Offered, ...]
    ages_at: datetime | None
    permit: str | None = None

    def tables(self) -> tuple[str, ...]:
        """Every table with rows of records."""
        raise NotImplementedError

    def read(self, table: str, columns: Sequence[str]) -> pa.Table:
        """Rows of a table: the record's key in the first column, then `columns`."""
        raise NotImplementedError

    def codes(self, engine: Engine, keys: pa.Array) -> pa.Array:  # noqa: ARG002 (see a release's)
        """The keys of the records of people, from their keys in the source (texts)."""
        raise unfit("People are named by their keys in the source for a release only.")


# --- a release of the store -----------------------------------------------------------------
@dataclass(frozen=True)
class AttackedRelease(Attacked):
    """A sealed release. Unsealed in memory, table by table."""

    folder: Path = Path()
    manifest: ReleaseManifest | None = None
    secret: Secret | None = None
    project: Secret | None = None

    def tables(self) -> tuple[str, ...]:
        """The tables about people: those with a code of the person."""
        assert self.manifest is not None  # noqa: S101 (made by `attacked_release` only)
        return tuple(name for name in self.manifest.tables if self._code(name) is not None)

    def _code(self, table: str) -> str | None:
        assert self.manifest is not None  # noqa: S101 (as above)
        columns = self.manifest.tables[table].columns
        coded = (one.name for one in columns if (one.form, one.type) == ("pseudonym", "code"))
        return next(coded, None)

    def read(self, table: str, columns: Sequence[str]) -> pa.Table:
        """As `Attacked.read`. Raises the faults of a release that was changed."""
        manifest, secret, code = self.manifest, self.secret, self._code(table)
        assert manifest is not None  # noqa: S101 (as above)
        assert secret is not None  # noqa: S101
        names = [str(code), *columns]
        parts = []
        for file in manifest.tables[table].files:
            sink = io.BytesIO()
            context = context_of(manifest.release, file.path)
            open_file(self.folder / file.path, sink, file, secret, context)
            parts.append(pq.read_table(pa.BufferReader(sink.getbuffer()), columns=names))
        whole = pa.concat_tables(parts).select(names)
        return whole.set_column(0, names[0], as_keys(whole[names[0]]))

    def codes(self, engine: Engine, keys: pa.Array) -> pa.Array:
        """As `Attacked.codes`: made as the build made them, and never shown to anybody."""
        manifest, project = self.manifest, self.project
        assert manifest is not None  # noqa: S101 (as above)
        if manifest.person_kind == "row" or project is None:
            raise unfit("Nobody has a key in the source of this release: one row is one person.")
        rows = pa.array(np.arange(len(keys)))
        given = pa.table({"row": rows, "key": keys})
        table = engine.load("cw__attack_keys", given, {"row": "integer", "key": "text"})
        try:
            spelt = table["key"]
            if manifest.person_kind == "nhs_number":
                spelt = ops.nhs_shaped(spelt)
            found = engine.arrow(ops.project(table, {"row": table["row"], "key": spelt}))
        finally:
            engine.forget("cw__attack_keys")
        spelt = found.sort_by("row")["key"]
        known = spelt.is_valid().to_numpy()
        made = codes_of(project.subkey(_scope(manifest)), spelt.drop_null())
        told = np.frombuffer(made.tobytes().hex().encode(), f"S{2 * CODE_BYTES}")
        place = np.where(known, np.cumsum(known) - 1, -1)
        return pa.array(told).cast(pa.string()).take(pa.array(place, mask=place < 0))


def _scope(manifest: ReleaseManifest) -> str:
    """The label of the sub-key that the release's codes were made with (`project_keys`)."""
    choices = manifest.choices
    if manifest.pseudonym_scope == "linked":
        return "pseudonym/linked"
    said = digest([choices.national.list_hash, choices.objections_hash])
    scope = scope_of(
        linked=False,
        permit=manifest.permit_id,
        fingerprint=manifest.source.fingerprint,
        choices=said,
    )
    return f"pseudonym/{scope}"


def attacked_release(custody: Custody, folder: Path, paper: Authorisation) -> AttackedRelease:
    """The release in `folder`, if `paper` and its permit let it be attacked now.

    The permit must be live, allow `test_risk` and name the attacker; the release must be its
    newest, and its choices fresh (S13). Raises what `Authorisation.check` raises, `Refused`
    CW-RELEASE-SUPERSEDED or CW-RELEASE-KEY-GONE, `Unavailable` CW-RELEASE-CHOICES-OLD,
    `PermitRefused`, and the faults of a manifest.
    """
    manifest = read_manifest(custody.home.releases, folder, custody.belief)
    now = custody.clock.now()
    paper.check(now, release=manifest.release)
    permit = load_permit(custody, find_permit(custody, manifest.permit_id))
    permit.check("test_risk", paper.attacker.account, now, status_of(custody, permit))
    latest = newest(custody, permit.id)
    if latest is None or latest.release != manifest.release:
        raise Refused(
            "CW-RELEASE-SUPERSEDED",
            "A newer release of this permit exists; only the newest is attacked.",
        )
    require_fresh_choices(custody, manifest)
    secret = data_key(custody, manifest)
    offered = tuple(_offered(manifest, permit))
    project = custody.keyring.secret_of(manifest.key_ids["project"])
    return AttackedRelease(offered, permit.ages_at, permit.id, folder, manifest, secret, project)


def _offered(manifest: ReleaseManifest, permit: Permit) -> list[Offered]:
    return [
        Offered(
            name,
            column.name,
            Form.parse(column.form),
            column.role in _KNOWABLE,
            permit.shift_weeks if column.form == "shift" else None,
        )
        for name, table in manifest.tables.items()
        for column in table.columns
        if Form.parse(column.form).kind in FORMS
    ]


# --- a file ---------------------------------------------------------------------------------
@dataclass(frozen=True)
class AttackedFile(Attacked):
    """One CSV or Parquet file."""

    path: Path = Path()
    record: str = ""

    def tables(self) -> tuple[str, ...]:
        """One, without a name."""
        return ("",)

    def read(self, table: str, columns: Sequence[str]) -> pa.Table:  # noqa: ARG002 (it has one)
        """As `Attacked.read`."""
        return released_file(self.path, self.record, columns)


def attacked_file(
    custody: Custody,
    path: Path,
    paper: Authorisation,
    record: str | None,
    forms: Mapping[str, str],
    at: date | None,
) -> AttackedFile:
    """The file at `path`, if `paper` is for one with its hash. `forms`: by column, else `exact`.

    Raises what `Authorisation.check` raises, `WrongUsage` CW-ATTACK-INPUT, file faults.
    """
    if not path.is_file():
        raise Fault("CW-FILE-MISSING", f"There is no release and no file {path.name}.")
    paper.check(custody.clock.now(), file=sha256_file(path))
    if record is None:
        raise unfit("Say with --record which column of the file says whose record a row is.")
    columns = columns_of(path, "file to be attacked")
    absent = [name for name in (record, *forms) if name not in columns]
    if absent:
        raise unfit(f"The file to be attacked {path.name} has no column {absent[0]}.")
    offered = []
    for name in columns:
        form = Form.parse(forms.get(name, "exact"))
        if form.kind not in FORMS:
            raise unfit(f"What is shown as {form.kind} cannot be compared with what is known.")
        if form.kind == "shift":
            raise unfit("By how much dates were moved is known of releases only, not of files.")
        if name != record:
            offered.append(Offered("", name, form, knowable=True))
    ages = None if at is None else datetime.combine(at, time.min)
    return AttackedFile(tuple(offered), ages, None, path, record)


def is_release(path: Path) -> bool:
    """Whether a release lies at `path`."""
    return (path / MANIFEST).is_file()
