"""Output manifests, findings and reviews for tests, as plain JSON values."""
# ruff: noqa: E501

from __future__ import annotations

from typing import Any


def H(n: int) -> str:  # noqa: N802
    """A hash that stands for something."""
    return f"sha256:{n:064x}"


def _with(base: dict[str, Any], changed: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (base | changed).items() if value is not None}


def request_file(**changed: Any) -> dict[str, Any]:
    base = {"path": "stays.json", "sha256": H(1), "bytes": 300, "type": "json",
            "grade": "recomputed", "kind": "request"}  # fmt: skip
    return _with(base, changed)


def table_file(**changed: Any) -> dict[str, Any]:
    base = {"path": "stays.csv", "sha256": H(2), "bytes": 200, "type": "csv",
            "grade": "recomputed", "kind": "table", "made_from": "stays.json"}  # fmt: skip
    return _with(base, changed)


def manifest(**changed: Any) -> dict[str, Any]:
    base = {
        "output_manifest": 1, "id": "out-1", "turn": 1, "title": "Stays by sex", "author": "applies",
        "project": "project-1", "permit": "permit-1", "permit_hash": H(11), "release": "permit-1.r1",
        "release_hash": H(12), "job": "job-1", "study": H(13),
        "context": "How many people stayed.", "controls": "Rounded to fives.",
        "files": [request_file(), table_file()], "findings": H(5),
        "profile": {"name": "sacro-default", "version": "1", "hash": H(14)},
        "proposal": {"output": "out-1", "manifest": H(15)},
        "compared": [{"output": "earlier-1", "manifest": H(16)}],
        "submitted_at": "2026-03-02T10:00:00.000Z", "expires": "2026-04-01T10:00:00.000Z",
    }  # fmt: skip
    return _with(base, changed)


def findings(**changed: Any) -> dict[str, Any]:
    base = {
        "findings": 1, "output": "out-1", "turn": 1, "salt": "0f" * 32,
        "files": [{"path": "stays.json", "verdict": "pass"}, {"path": "stays.csv", "verdict": "pass"}],
        "audit": {"verdict": "pass"}, "audit_verdict": "pass",
    }  # fmt: skip
    return _with(base, changed)


def review(**changed: Any) -> dict[str, Any]:
    base = {"output_review": 1, "output": "out-1", "manifest": H(21), "findings": H(5),
            "verdict": "approve"}  # fmt: skip
    return _with(base, changed)
