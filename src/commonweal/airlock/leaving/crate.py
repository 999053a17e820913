"""A project's released outputs as a Five Safes RO-Crate 0.4 (on RO-Crate 1.2), in a BagIt bag.

For others' tools: which project asked under which permit, which code ran on which release, who
checked what left, and the files themselves with their hashes. It is made for the project. So it
names the author of each output, as the profile demands; people who checked appear as the hospital.

| below the folder | what |
|---|---|
| `bagit.txt`, `bag-info.txt` | BagIt 1.0 (RFC 8493); `External-Identifier` is a UUID |
| `manifest-sha512.txt`, `tagmanifest-sha512.txt` | hashes of the payload and of the tag files |
| `data/ro-crate-metadata.json` | the crate |
| `data/outputs/<output>/` | files that left, and the record of their release |

Code and data of patients are not in it: they are named by their hashes. The profile asks for a
Workflow Crate as the main entity; the study is named there by its hash, as a `Dataset`.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from commonweal import __version__
from commonweal.airlock.leaving.giving import released_manifest
from commonweal.airlock.leaving.ports import Ground
from commonweal.airlock.leaving.releasing import recover
from commonweal.airlock.leaving.store import FILES, RECORD, OutputStore, copy_checked
from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import Refused
from commonweal.foundation.files import only_one, read_bytes, staged_folder
from commonweal.papers.output_manifest import Detected, OutputManifest
from commonweal.papers.permit import Permit

CRATE = "https://w3id.org/ro/crate/1.2"
PROFILE = "https://w3id.org/5s-crate/0.4"
SHP = "https://w3id.org/shp#"
_DONE = "http://schema.org/CompletedActionStatus"
_FAILED = "http://schema.org/FailedActionStatus"
_SHA512 = "https://www.iana.org/assignments/named-information#sha-512"
_MEDIA: dict[Detected, str] = {
    "csv": "text/csv", "tsv": "text/tab-separated-values", "json": "application/json",
    "parquet": "application/vnd.apache.parquet", "text": "text/plain", "png": "image/png",
    "jpeg": "image/jpeg", "svg": "image/svg+xml", "html": "text/html", "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ipynb": "application/x-ipynb+json", "onnx": "application/octet-stream",
    "safetensors": "application/octet-stream", "unknown": "application/octet-stream",
}  # fmt: skip
Entity = dict[str, Any]


@dataclass(frozen=True)
class LeftOutput:
    """An output that left: its manifest, when, and whether it was recalled since."""

    manifest: OutputManifest
    at: datetime
    recalled: bool


@dataclass(frozen=True)
class About:
    """Whose crate it is. `home`: the id of the system; `custodian`: the hospital's name."""

    home: str
    custodian: str
    permits: tuple[Permit, ...]
    made_at: datetime


def write_crate(
    store: OutputStore, ground: Ground, project: str, custodian: str, to: Path
) -> tuple[str, ...]:
    """Write the crate of a project into the new folder `to`; gives the outputs that are in it.

    Files of recalled outputs are left out; that they were recalled is said. Raises `Refused`
    CW-LEAVING-UNKNOWN where nothing of this project has left; `Fault` CW-LEAVING-FILE,
    CW-LEAVING-STORE, CW-FILE-EXISTS.
    """
    store.make()
    with only_one(store.lock, "the outputs"):
        ground.settle()
        recover(store, ground)
        left = [one for one in _left(store, ground) if one.manifest.project == project]
        if not left:
            raise Refused("CW-LEAVING-UNKNOWN", "No output of this project has left.")
        ids = sorted({one.manifest.permit for one in left})
        permits = tuple(ground.permit(id_) for id_ in ids)
        about = About(ground.home, custodian, permits, ground.now())
        with staged_folder(to) as folder:
            payload = folder / "data"
            payload.mkdir()
            for one in left:
                if not one.recalled:
                    _copy(store, one.manifest, payload / "outputs" / one.manifest.id)
            graph = {"@context": f"{CRATE}/context", "@graph": list(crate_graph(about, left))}
            text = json.dumps(graph, indent=2, ensure_ascii=False) + "\n"
            (payload / "ro-crate-metadata.json").write_text(text, "utf-8")
            _bag(folder, about)
    return tuple(one.manifest.id for one in left if not one.recalled)


def _left(store: OutputStore, ground: Ground) -> Iterator[LeftOutput]:
    events = ground.written()
    recalled = {one.output for one in events if one.type == "output.recalled"}
    for event in events:
        if event.type == "output.released":
            manifest = released_manifest(store, event)
            yield LeftOutput(manifest, event.at, event.output in recalled)


def _copy(store: OutputStore, manifest: OutputManifest, to: Path) -> None:
    to.mkdir(parents=True)
    source = store.released / manifest.id
    for one in manifest.leaving():
        copy_checked(source / FILES / one.path, one, to / one.path)
    (to / _record_name(manifest)).write_bytes(read_bytes(source / RECORD, "The record"))


def _record_name(manifest: OutputManifest) -> str:
    """A name that no file of the output has."""
    names = {one.path.casefold() for one in manifest.leaving()}
    return next(
        name
        for name in (RECORD, *(f"record-{n}.json" for n in range(len(names) + 1)))
        if name not in names
    )


# --- the graph ----------------------------------------------------------------------------------


def crate_graph(about: About, left: Sequence[LeftOutput]) -> Iterator[Entity]:
    """Every entity of the crate, each once."""
    here = [one for one in left if not one.recalled]
    permit = about.permits[-1]
    studies = {_study(one.manifest): one.manifest for one in left}
    parts = [id_ for one in here for id_ in _files(one.manifest)]
    actions = [action["@id"] for one in left for action in _actions(one)]
    yield {
        "@id": "ro-crate-metadata.json", "@type": "CreativeWork", "about": _ref("./"),
        "conformsTo": _ref(CRATE),
    }  # fmt: skip
    yield {
        "@id": "./", "@type": "Dataset", "name": f"Released outputs: {permit.project.title}",
        "description": permit.project.lay_summary, "conformsTo": _ref(PROFILE),
        "datePublished": stamp(about.made_at), "license": _ref("#terms"),
        "hasPart": [_ref(one) for one in (*studies, *parts)],
        "mainEntity": _ref([*studies][-1]), "mentions": [_ref(one) for one in [*actions, "#bag"]],
        "sourceOrganization": _ref("#project"), "publisher": _ref("#custodian"),
    }  # fmt: skip
    yield from _around(about, permit)
    for study, made in studies.items():
        yield _made_from(study, made)
    releases = {one.manifest.release: one.manifest for one in left}
    for manifest in releases.values():
        yield {
            "@id": f"#release-{manifest.release}", "@type": "DigitalDocument",
            "name": f"Release {manifest.release}: de-identified data, only inside the hospital",
            "identifier": manifest.release_hash,
            "hasDigitalDocumentPermission": _ref("#read"),
        }  # fmt: skip
    for one in here:
        yield from _file_entities(one.manifest)
    for one in left:
        yield from _actions(one)
    yield from _people(about, left)


def _made_from(id_: str, manifest: OutputManifest) -> Entity:
    """The code that ran, or what the airlock made figures from by itself."""
    name, said = (
        "Code of the study",
        "The code that ran, named by the SHA-256 of what was submitted.",
    )
    if manifest.origin is not None:
        name = f"What was asked: {manifest.origin.of}"
        said = "The question from which the hospital's own program made figures, by its SHA-256."
    return {
        "@id": id_, "@type": "Dataset", "name": name, "identifier": _hash(manifest),
        "description": said, "license": _ref("#terms"),
    }  # fmt: skip


def _hash(manifest: OutputManifest) -> str:
    return str(manifest.study if manifest.origin is None else manifest.origin.made_from)


def _around(about: About, permit: Permit) -> Iterator[Entity]:
    yield {"@id": PROFILE, "@type": ["CreativeWork", "Profile"],
           "name": "Five Safes RO-Crate profile", "version": "0.4"}  # fmt: skip
    yield {"@id": "#terms", "@type": "CreativeWork", "name": "Terms of the data sharing agreement",
           "description": f"As the permit {permit.id} and its agreement say."}  # fmt: skip
    yield {"@id": "#custodian", "@type": "Organization", "name": about.custodian}
    yield {"@id": "#organisation", "@type": "Organization", "name": permit.organisation.name}
    yield {"@id": "#project", "@type": "Project", "name": permit.project.title,
           "identifier": permit.project.id, "member": _ref("#organisation")}  # fmt: skip
    yield {"@id": "#read", "@type": "DigitalDocumentPermission", "name": "Only the project",
           "permissionType": "http://schema.org/ReadPermission",
           "grantee": _ref("#project")}  # fmt: skip
    yield {"@id": _SHA512, "@type": "DefinedTerm", "name": "sha-512 algorithm"}
    for one in about.permits:
        yield {"@id": f"#permit-{one.id}", "@type": "CreativeWork", "name": f"Permit {one.id}",
               "identifier": one.digest()}  # fmt: skip
    yield {
        "@id": "#bag", "@type": "UpdateAction",
        "name": f"Hashes of the bag were made by Commonweal {__version__}",
        "additionalType": _ref(f"{SHP}GenerateCheckValue"), "object": _ref("./"),
        "instrument": _ref(_SHA512), "agent": _ref("#custodian"),
        "startTime": stamp(about.made_at), "endTime": stamp(about.made_at), "actionStatus": _DONE,
    }  # fmt: skip


def _actions(left: LeftOutput) -> list[Entity]:
    """The job, the sign-off (the permit) and the disclosure check of one output."""
    one, at = left.manifest, stamp(left.at)
    result = [] if left.recalled else [_ref(id_) for id_ in _files(one)]
    job: Entity = {
        "@id": f"#job-{one.id}", "@type": "CreateAction",
        "name": f"Job {one.job or 'of the airlock'}: {one.title}",
        "agent": _ref(f"#person-{one.author}"), "instrument": _ref(_study(one)),
        "object": [_ref(f"#release-{one.release}")], "result": result, "endTime": at,
        "actionStatus": _DONE,
    }  # fmt: skip
    signed: Entity = {
        "@id": f"#signoff-{one.id}", "@type": "AssessAction",
        "additionalType": _ref(f"{SHP}SignOff"), "name": "The permit was live: approved",
        "object": [_ref("./"), _ref(_study(one)), _ref("#project")],
        "instrument": _ref(f"#permit-{one.permit}"), "agent": _ref("#custodian"),
        "endTime": at, "actionStatus": _DONE,
    }  # fmt: skip
    how = "recalled afterwards" if left.recalled else "approved by two people"
    checked: Entity = {
        "@id": f"#disclosure-{one.id}", "@type": "AssessAction",
        "additionalType": _ref(f"{SHP}DisclosureCheck"),
        "name": f"Disclosure check of {one.id}: {how}", "object": [_ref("./"), *result],
        "agent": _ref("#custodian"), "endTime": at,
        "actionStatus": _FAILED if left.recalled else _DONE,
    }  # fmt: skip
    return [job, signed, checked]


def _file_entities(manifest: OutputManifest) -> Iterator[Entity]:
    for one in manifest.leaving():
        yield {
            "@id": f"outputs/{manifest.id}/{one.path}", "@type": "File",
            "name": f"{manifest.title}: {one.path}", "encodingFormat": _MEDIA[one.type],
            "contentSize": str(one.bytes), "sha256": one.sha256.removeprefix("sha256:"),
        }  # fmt: skip
    yield {
        "@id": f"outputs/{manifest.id}/{_record_name(manifest)}", "@type": "File",
        "name": f"Record of the release of {manifest.id} (SATRE 3.3.09)",
        "encodingFormat": "application/json",
    }  # fmt: skip


def _people(about: About, left: Sequence[LeftOutput]) -> Iterator[Entity]:
    names = {one.id: one.name for permit in about.permits for one in permit.people}
    for author in sorted({one.manifest.author for one in left}):
        yield {
            "@id": f"#person-{author}", "@type": "Person", "name": names.get(author, author),
            "affiliation": _ref("#organisation"), "memberOf": [_ref("#project")],
        }  # fmt: skip


def _files(manifest: OutputManifest) -> list[str]:
    names = [*(one.path for one in manifest.leaving()), _record_name(manifest)]
    return [f"outputs/{manifest.id}/{name}" for name in names]


def _study(manifest: OutputManifest) -> str:
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, _hash(manifest))}"


def _ref(id_: str) -> Entity:
    return {"@id": id_}


# --- the bag ------------------------------------------------------------------------------------


def _bag(folder: Path, about: About) -> None:
    """Tag files around the payload (RFC 8493)."""
    payload = _hashes(folder, sorted((folder / "data").rglob("*")))
    identifier = uuid.uuid5(uuid.NAMESPACE_URL, f"{about.home}\n{payload}")
    (folder / "bagit.txt").write_text("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    (folder / "bag-info.txt").write_text(
        f"Bagging-Date: {about.made_at:%Y-%m-%d}\nExternal-Identifier: urn:uuid:{identifier}\n"
    )
    (folder / "manifest-sha512.txt").write_text(payload)
    tags = [folder / name for name in ("bag-info.txt", "bagit.txt", "manifest-sha512.txt")]
    (folder / "tagmanifest-sha512.txt").write_text(_hashes(folder, tags))


def _hashes(folder: Path, paths: Sequence[Path]) -> str:
    lines = []
    for path in paths:
        if path.is_file():
            with path.open("rb") as stream:
                hashed = hashlib.file_digest(stream, "sha512").hexdigest()
            lines.append(f"{hashed}  {path.relative_to(folder).as_posix()}\n")
    return "".join(lines)
