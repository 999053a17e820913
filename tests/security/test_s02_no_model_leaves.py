"""S2: nobody was asked whether a model may leave, and a study hands one over all the same.

The naive twin is the desk that is not told what the permit says of models: it examines what comes,
and what it finds nothing wrong with can be approved. Ours does not even open the sandbox, and
nothing of the file is frozen, so that no reviewer can let it out by mistake.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from commonweal.airlock.desk import Desk
from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.rules.findings import for_author, for_reviewer
from commonweal.foundation.errors import Unavailable
from commonweal.papers.permit import Outputs
from commonweal.wiring import loans

NEVER = {"may_leave": False}


def no_sandbox() -> NoReturn:
    raise Unavailable("CW-SANDBOX-MISSING", "The sandbox was opened.")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    file = tmp_path / "risk.onnx"
    file.write_bytes(b"a model")
    return file


def lent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outputs: dict[str, Any]) -> Desk:
    """The desk that commands and workers put together for a release of such a permit."""

    @contextlib.contextmanager
    def given(*_: Any) -> Iterator[Any]:
        yield SimpleNamespace()

    monkeypatch.setattr(loans, "sieve_codes", given)
    monkeypatch.setattr(loans, "Sieve", SimpleNamespace(at=lambda *_: None))
    monkeypatch.setattr(loans, "model_limits", lambda *_: None)
    monkeypatch.setattr(loans, "opened_sandbox", lambda _: no_sandbox())
    permit = SimpleNamespace(outputs=Outputs.model_validate(outputs))
    loan = SimpleNamespace(
        folder=tmp_path / "loan" / "one", permit=permit, manifest=None, project="asthma",
        release=None,
    )  # fmt: skip
    (tmp_path / "loan").mkdir()
    with loans.desk_on(given, loan) as desk:  # type: ignore[arg-type]
        return desk


def test_the_twin_examines_what_the_permit_does_not_let_out(tmp_path: Path, model: Path) -> None:
    with pytest.raises(Unavailable):
        Desk(no_sandbox, "asthma", tmp_path).model(model)


def test_ours_says_no_before_the_sandbox_is_opened(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = lent(tmp_path, monkeypatch, {"models": NEVER}).model(model)
    assert report.verdict("reviewer") == "fail"
    assert [one.rule for one in report.findings] == ["model-permit"]
    assert report.sha256 == f"sha256:{hashlib.sha256(b'a model').hexdigest()}"
    for said in (
        for_author(report.findings, RuleProfile.load("sacro-default")),
        for_reviewer(report.findings),
    ):
        assert "lets no model leave" in str(said)


@pytest.mark.parametrize("outputs", [{}, {"models": {}}, {"models": {"auc": 0.55}}])
def test_a_permit_that_says_nothing_or_has_limits_has_its_models_examined(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch, outputs: dict[str, Any]
) -> None:
    desk = lent(tmp_path, monkeypatch, outputs)
    assert not desk.no_models
    with pytest.raises(Unavailable):
        desk.model(model)
