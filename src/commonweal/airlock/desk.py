"""What files are looked at with: the sandbox, and what the vault lent to compare them with (S18).

Nothing that a study wrote as a file is parsed in this process. Where no sandbox can be had there is
no verdict: `Unavailable`, never a reading with less around it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from commonweal.airlock.files.answers import MOST_ANSWER, Document, shape_for
from commonweal.airlock.files.looking import (
    MODELS,
    PARSER,
    FileKind,
    FileLook,
    declared_kind,
    look,
)
from commonweal.airlock.files.people import Sieve
from commonweal.airlock.models.handed import examine_output, recipe_beside
from commonweal.airlock.models.limits import ModelLimits
from commonweal.airlock.models.retraining import RECIPE, Retrainer
from commonweal.airlock.models.running import Bench
from commonweal.airlock.opened import OpenRelease
from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.report import FileReport
from commonweal.airlock.rules.findings import Finding
from commonweal.foundation.errors import Fault, Unavailable
from commonweal.foundation.files import sha256_file
from commonweal.sandbox.box import Sandbox

Kind = Literal["request", "file", "figure", "model"]
"""As a study declares its outputs."""
_FIGURES = frozenset({"png", "jpeg", "svg"})


_NO_MODELS = "The project's permit lets no model leave. A change of its application can ask for it."
"""Authors read it as it is: what their permit says is no secret to them."""


@dataclass(frozen=True)
class Desk:
    """Where one submission's files are looked at.

    sandbox: gives the sandbox; it is asked only once a file needs it. project: whose files they
    are. work: a private folder, in memory where a release is lent. kinds: what the study declared
    each file to be, by name; for others the name's ending says it. sieve, release, lent: what the
    vault lent; `lent` has `holdout/` in it. limits: of models. again: who can make a model again,
    by its file; None where no job is known to have left it. private: whether the permit says that
    its models are made with differential privacy. no_models: whether it lets no model leave.
    """

    sandbox: Callable[[], Sandbox]
    project: str
    work: Path
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    sieve: Sieve | None = None
    release: OpenRelease | None = None
    lent: Path | None = None
    limits: ModelLimits | None = None
    again: Callable[[Path], Retrainer | None] | None = None
    private: bool = False
    no_models: bool = False

    def file(self, path: Path, kind: FileKind, profile: RuleProfile) -> FileReport:
        """What is found of a declared file or figure. Raises as `files.looking.look` does, and
        `Unavailable` where there is no sandbox."""
        return _reported(self.look(path, kind, profile))

    def look(self, path: Path, kind: FileKind, profile: RuleProfile) -> FileLook:
        """As `files.looking.look`."""
        return look(path, kind, _opened(self, path), self.project, profile, self.sieve,
                    self.release, work=self.work)  # fmt: skip

    def document(self, path: Path) -> Any:
        """The value of a JSON file, read in the sandbox. Raises as `Sandbox.parse` does; `Fault`
        CW-PARSE-FAILED also for a file that is no JSON."""
        parsed = _opened(self, path).parse(
            PARSER, path, shape_for("json"), self.project, {"declared": "json"},
            most_answer=MOST_ANSWER,
        )  # fmt: skip
        _, body = parsed.answer
        if not isinstance(body, Document):
            raise Fault("CW-PARSE-FAILED", "A file is not what its parser reads.")
        return body.value

    def model(self, path: Path) -> FileReport:
        """What is found of a model, with the recipe beside it. Raises as `models.examining.examine`
        does, and `Unavailable` where there is no sandbox.

        A model that was not made again on other people is like any other file that a study wrote:
        never better than for a person to see. Where the permit lets none leave, it is not even run.
        """
        if self.no_models:
            never = Finding(
                "model-permit", "Unknown", "fail", {"table": path.name}, said=_NO_MODELS
            )
            return FileReport(path.name, "model", sha256_file(path), (never,), model="unknown")
        bench = Bench(_opened(self, path), self.project, self.work)
        limits = self.limits or ModelLimits.load()
        retrainer = None if self.again is None else self.again(path)
        first = Finding("declared", "Unknown", "review", {"table": path.name})
        try:
            report = examine_output(
                path, bench, limits, self.release, self.lent, retrainer, private=self.private
            )
        except Fault as error:
            if error.code != "CW-FILE-TOO-LARGE":
                raise
            large = Finding("model-large", "Unknown", "fail", {"table": path.name})
            return FileReport(
                path.name, "model", sha256_file(path), (first, large), model="unknown"
            )
        known = () if report.card["shadows"] else (first,)
        again, card = report.card["again"], report.card["model"]
        fixed = again is not None and again["same_recipe"]
        return FileReport(
            path.name, "model", card["sha256"], (*known, *report.findings),
            model=card["kind"], card=tuple(report.lines()),
            fixed={recipe_beside(path).name: report.card["recipe_file"]} if fixed else {},
        )  # fmt: skip


def kind_of(path: Path, desk: Desk | None) -> Kind:
    """What a file is taken for: what the study declared, else what its name's ending says.

    The recipe beside a model is looked at as a document, whatever it was declared.
    """
    if path.name.endswith(RECIPE):
        return "file"
    declared = None if desk is None else desk.kinds.get(path.name)
    if declared is not None:
        return declared
    if path.suffix.lower() == ".json":
        return "request"
    said = declared_kind(path.name)
    return "model" if said in MODELS else "figure" if said in _FIGURES else "file"


def required(desk: Desk | None) -> Desk:
    """The desk. Raises `Unavailable` CW-SANDBOX-GUARD where there is none."""
    if desk is None:
        raise Unavailable(
            "CW-SANDBOX-GUARD", "Files are looked at in the sandbox only, and there is none here."
        )
    return desk


def _opened(desk: Desk, path: Path) -> Sandbox:
    if not path.exists() and not path.is_symlink():
        raise Fault("CW-FILE-MISSING", f"{path.name} does not exist.")
    return desk.sandbox()


def _reported(seen: FileLook) -> FileReport:
    return FileReport(
        seen.path, seen.kind, seen.sha256, seen.findings,
        renderings=tuple(one for one in seen.renderings if one.leaves),
        summaries=tuple(one.as_dict() for one in seen.summaries),
        reading=tuple(
            one.content.decode() for one in seen.renderings
            if not one.leaves and one.media == "text/plain"
        ),
    )  # fmt: skip
