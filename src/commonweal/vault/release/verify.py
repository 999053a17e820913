"""`release verify`: is this release, to the last byte, the one that the ledger knows?

1. The folder holds the files of a release and no others (one that was handed over: data, summary
and proof; its manifest is in the store). 2. The manifest is signed under the trust
policy. 3. Every data file has the hash that the manifest names. 4. The papers beside it are those
that belong to the manifest. 5. The ledger's entry commits to this manifest, and the proof file
proves that entry. 6. Where the key still exists, every file is opened and its content hashed.
All faults are found, each with its place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.foundation.files import read_bytes, sha256_file, translated
from commonweal.foundation.sealing import unseal
from commonweal.ledger.details import verify_commitment
from commonweal.ledger.tlogproof import TlogProof
from commonweal.papers.release import ReleaseManifest, ReleaseSummary, summarise
from commonweal.vault.custody import Custody
from commonweal.vault.keys import Secret
from commonweal.vault.release.handover import HANDED_OVER
from commonweal.vault.release.membership_index import NAME
from commonweal.vault.release.progress import Progress, quiet
from commonweal.vault.release.release_keys import active_release_key
from commonweal.vault.release.store import (
    AIRLOCK,
    MANIFEST,
    PROOF,
    REPORT,
    RISK,
    SUMMARY,
    find_completed,
    kept_folder,
)
from commonweal.vault.release.writing import context_of

PAPERS = (MANIFEST, SUMMARY, RISK, REPORT, PROOF)


@dataclass
class VerifyReport:
    """What was checked and what was found wrong. `opened`: whether contents could be hashed."""

    release: str = ""
    files: int = 0
    bytes: int = 0
    opened: bool = False
    faults: list[dict[str, str]] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "release": self.release,
            "files": self.files,
            "bytes": self.bytes,
            "contents_opened": self.opened,
            "faults": self.faults,
        }

    def sentences(self) -> list[str]:
        """The report in words."""
        if self.faults:
            return [f"{one['place']}: {one['sentence']}" for one in self.faults]
        opened = "opened and checked" if self.opened else "checked sealed: its key is gone"
        return [
            (
                f"Release {self.release} is whole: {self.files} data file(s), {self.bytes:,} "
                f"bytes, {opened}."
            ),
            "Its manifest is signed, and the ledger holds it.",
        ]

    def add(self, place: str, error: CommonwealError) -> None:
        """Note a fault."""
        self.faults.append({"code": error.code, "place": place, "sentence": error.sentence})


def verify_release(custody: Custody, folder: Path, progress: Progress = quiet) -> VerifyReport:
    """Check the release in `folder`. Faults are in the report; raises only where there is none.

    Raises `Fault` CW-RELEASE-MISSING.
    """
    report = VerifyReport()
    try:
        kept = kept_folder(custody.home.releases, folder, custody.belief)
        content = read_bytes(kept / MANIFEST, "The manifest")
        manifest = ReleaseManifest.load(content, custody.belief)
    except CommonwealError as error:
        if error.code == "CW-RELEASE-MISSING":
            raise
        report.add(MANIFEST, error)
        return report
    report.release = manifest.release
    _check(report, "the folder", lambda: _expect_place(custody, folder, manifest))
    _check(report, "the folder", lambda: _expect_files(folder, manifest, whole=kept == folder))
    _check_data(report, custody, folder, manifest, progress)
    _check(report, SUMMARY, lambda: _check_summary(custody, folder, manifest))
    _check(report, RISK, lambda: _check_risk(kept, manifest))
    _check(report, REPORT, lambda: _check_report(kept, manifest))
    _check(report, PROOF, lambda: _check_ledger(custody, folder, manifest, content))
    _check_airlock(report, custody, manifest)
    return report


def _check(report: VerifyReport, place: str, what: Callable[[], None]) -> None:
    try:
        what()
    except CommonwealError as error:
        report.add(place, error)


def _expect_place(custody: Custody, folder: Path, manifest: ReleaseManifest) -> None:
    # Elsewhere (`delivery: handover`) a folder may have any name.
    stored = folder.resolve().parent == custody.home.releases.resolve()
    if stored and folder.resolve().name != manifest.release:
        raise Fault("CW-RELEASE-CHANGED", "The folder holds another release than it is named for.")


def _expect_files(folder: Path, manifest: ReleaseManifest, *, whole: bool) -> None:
    papers = PAPERS if whole else HANDED_OVER
    expected = {*papers, *(file.path for file in _data_files(manifest))} - {"data"}
    with translated("the release"):
        walked = [path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()]
    found = {path.relative_to(folder).as_posix() for path in walked}
    odd = [path for path in walked if path.is_symlink() or not path.is_file()]
    if odd:
        raise Fault("CW-RELEASE-CHANGED", f"{odd[0].name} is not an ordinary file.")
    if missing := sorted(expected - found):
        raise Fault("CW-RELEASE-CHANGED", f"{missing[0]} is missing.")
    if found - expected:
        raise Fault("CW-RELEASE-CHANGED", f"There are {len(found - expected)} file(s) too many.")


def _data_files(manifest: ReleaseManifest) -> list[Any]:
    return [file for table in manifest.tables.values() for file in table.files]


def _check_data(
    report: VerifyReport,
    custody: Custody,
    folder: Path,
    manifest: ReleaseManifest,
    progress: Progress,
) -> None:
    secret = release_key(custody, manifest.release)
    report.opened = secret is not None
    for file in _data_files(manifest):
        progress(f"Checking {file.path}")
        report.files += 1
        report.bytes += file.bytes
        context = context_of(manifest.release, file.path)
        _check(report, file.path, lambda: check_file(folder / file.path, file, secret, context))  # noqa: B023 (called at once)


def release_key(custody: Custody, release: str) -> Secret | None:
    """The data key of a release, or None once it was destroyed."""
    return active_release_key(custody, release)


def check_file(path: Path, file: Any, secret: Secret | None, context: str) -> None:
    """One sealed file against the manifest. Raises `Fault` CW-RELEASE-CHANGED, CW-SEAL-BROKEN."""
    if not path.is_file() or sha256_file(path) != file.sealed_hash:
        raise Fault("CW-RELEASE-CHANGED", "The sealed file is not the one that was released.")
    if secret is None:
        return
    with path.open("rb") as source:
        content = unseal(source, _Nowhere(), secret.use(), context, file.path)
    if content != file.content_hash:
        raise Fault("CW-RELEASE-CHANGED", "The content is not the one that was released.")


class _Nowhere:
    """A sink that keeps nothing: the hash is all that is wanted."""

    def write(self, data: bytes, /) -> int:
        return len(data)


def _check_summary(custody: Custody, folder: Path, manifest: ReleaseManifest) -> None:
    content = read_bytes(folder / SUMMARY, "The summary")
    summary = ReleaseSummary.load(content, custody.belief)
    if summary != summarise(manifest):
        raise Fault("CW-RELEASE-CHANGED", "The summary is not that of this manifest.")


def _check_risk(folder: Path, manifest: ReleaseManifest) -> None:
    if sha256_file(folder / RISK) != manifest.papers.get(RISK):
        raise Fault("CW-RELEASE-CHANGED", "The risk figures are not those of this release.")
    parse_json(read_bytes(folder / RISK, "The risk figures"), RISK)


def _check_report(folder: Path, manifest: ReleaseManifest) -> None:
    if sha256_file(folder / REPORT) != manifest.papers.get(REPORT):
        raise Fault("CW-RELEASE-CHANGED", "The report is not that of this release.")


def _check_ledger(
    custody: Custody, folder: Path, manifest: ReleaseManifest, content: bytes
) -> None:
    entry = find_completed(custody.ledger, manifest.release)
    if entry is None:
        raise Fault("CW-RELEASE-NOT-ON-LEDGER", "The ledger does not know this release.")
    text = read_bytes(folder / PROOF, "The proof")
    proof = TlogProof.parse(text)
    if proof.format().encode() != text:
        raise Fault("CW-RELEASE-CHANGED", "The proof file was changed.")
    if proof.origin not in custody.origins("public"):
        raise Fault("CW-RELEASE-CHANGED", "The proof is about another ledger.")
    proved = proof.verify_entry(custody.ledger_keys, proof.origin)
    if proved != dict(entry.fields):
        raise Fault("CW-RELEASE-CHANGED", "The proof is about another entry of the ledger.")
    key = custody.keyring.secret_of(str(entry.fields["details_key"]))
    details = custody.ledger.open_details(entry.intent_id, key.use())
    verify_commitment(
        bytes.fromhex(details["manifest_salt"]), content, str(entry.fields["manifest"])
    )


def _check_airlock(report: VerifyReport, custody: Custody, manifest: ReleaseManifest) -> None:
    aside = custody.home.releases / f"{manifest.release}{AIRLOCK}"
    secret = release_key(custody, manifest.release)
    wanted = {"audit_map": manifest.audit_map}
    if manifest.membership.list_hash is not None:
        wanted["membership"] = manifest.membership.list_hash
    if manifest.membership.index_hash is not None:
        wanted[NAME] = manifest.membership.index_hash
    if manifest.sieve is not None:
        wanted["sieve"] = manifest.sieve
    for name, hash_ in wanted.items():
        place = f"{AIRLOCK}/{name}"
        if not (aside / name).is_file() or sha256_file(aside / name) != hash_:
            fault = Fault("CW-RELEASE-CHANGED", "The file is not the one that was made.")
            report.add(place, fault)
    for file in manifest.holdout.files if manifest.holdout is not None else ():
        context = context_of(manifest.release, file.path)
        path = aside / file.path
        _check(report, f"{AIRLOCK}/{file.path}", lambda: check_file(path, file, secret, context))  # noqa: B023 (called at once)


def open_file(path: Path, sink: BinaryIO, file: Any, secret: Secret, context: str) -> None:
    """Unseal one file into `sink`. Raises `Fault` CW-RELEASE-CHANGED, CW-SEAL-BROKEN."""
    with path.open("rb") as source:
        if unseal(source, sink, secret.use(), context, file.path) != file.content_hash:
            raise Fault("CW-RELEASE-CHANGED", "The content is not the one that was released.")
