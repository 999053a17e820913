"""What the public register says of outputs that have left, each held against the public log.

The log holds, for everybody to see, that an output left, when (to the hour), under which permit and
release, how many checks people overrode, and the hash of what the register says of it. What the
register says is held against that hash; where the words are gone, only what the log says is shown.
"""

from __future__ import annotations

import hmac
from typing import Annotated, Any, Literal

from pydantic import Field

from commonweal.foundation.canonical import digest
from commonweal.papers.base import Count, Identifier, Line, Moment, Paper, Sha256
from commonweal.papers.output_manifest import (
    MOST_FILES,
    OVERRIDE_WORDS,
    FileKind,
    OutputRecall,
    OverrideReason,
)
from commonweal.papers.output_request import GRADES, Grade

MOST_OUTPUTS = 100_000
"""Outputs of one permit that a register can list."""


class PublicFile(Paper):
    """One file that left: what kind it is and how it was made, never its name or hash."""

    kind: FileKind
    grade: Grade


class PublicOverride(Paper):
    """One check that failed, and why two people let it leave all the same."""

    verdict: Literal["fail", "unreadable"]
    reason: OverrideReason


class PublicOutput(Paper):
    """What everybody may read of an output (`OutputManifest.public_projection`): names no person.

    Closed on purpose: whatever else somebody writes beside these fields is not shown (S6, S10).
    """

    output: Identifier
    title: Line
    project: Identifier
    permit: Identifier
    release: Identifier
    profile: Line
    files: Annotated[tuple[PublicFile, ...], Field(min_length=1, max_length=MOST_FILES)]
    overrides: Annotated[tuple[PublicOverride, ...], Field(max_length=MOST_FILES + 1)]


class RegisterRecall(Paper):
    """That an output should not have left. `at`: to the hour, as the log shows it.

    `said`: None where the home does not have the reasons that were logged any more. `given_to`: in
    how many people's names its files had been given out by then, by the home's own log; None where
    the log does not say.
    """

    at: Moment
    entry: Count
    reasons_hash: Sha256
    given_to: Count | None = None
    said: OutputRecall | None = None

    def fault(self, output: str) -> str | None:
        """What is wrong with it as the recall of `output`, or None."""
        if self.said is None:
            return None
        if self.said.output != output:
            return "the recall is of another output"
        same = hmac.compare_digest(self.said.digest(), self.reasons_hash)
        return None if same else "the reasons of the recall are not those that were logged"


class RegisterOutput(Paper):
    """One output that has left, in its place on the public log.

    `at`: to the hour. `said`: None where the home does not have the words that were logged.
    `overrides`: how many checks people overrode, as the log counts them.
    """

    output: Identifier
    release: Identifier
    at: Moment
    entry: Count
    output_hash: Sha256
    overrides: Count
    said: PublicOutput | None = None
    recalled: RegisterRecall | None = None

    def fault(self, permit: str, project: str) -> str | None:
        """What is wrong with it as an output of this permit, or None. For staff and logs."""
        if self.recalled is not None:
            if self.recalled.entry <= self.entry or self.recalled.at < self.at:
                return "it is recalled before it left"
            wrong = self.recalled.fault(self.output)
            if wrong is not None:
                return wrong
        return None if self.said is None else self._words(self.said, permit, project)

    def _words(self, said: PublicOutput, permit: str, project: str) -> str | None:
        if not hmac.compare_digest(digest(said.plain()), self.output_hash):
            return "what is said of it is not what was logged"
        about = (said.output, said.permit, said.project, said.release, len(said.overrides))
        if about != (self.output, permit, project, self.release, self.overrides):
            return "what is said is about another output"
        return None


SATRE = {"name": "SATRE", "url": "https://satre-specification.readthedocs.io/"}
STATEMENTS = ("3.1.05", "3.1.06", "3.1.07", "3.1.12", "3.3.02", "3.3.04", "3.3.09")
"""Statements of the SATRE specification that a release of an output is evidence for."""


def public_record(one: RegisterOutput, home: str) -> dict[str, Any]:
    """The record of one release that anybody may have, as JSON values (SATRE 3.3.09).

    `airlock.leaving.records` writes the whole one, which goes to the project: it has the author's
    words and the hashes of files, and those are not everybody's. Here stands what the public log
    holds, and what the register may say. `criteria` and `files` are None where the words are gone.
    """
    said, recall = one.said, one.recalled
    return {
        "output_release": 1,
        "specification": {**SATRE, "statements": list(STATEMENTS)},
        "home": home,
        "output": one.output,
        "title": None if said is None else said.title,
        "project": None if said is None else said.project,
        "permit": None if said is None else said.permit,
        "release": one.release,
        "released_at": one.plain()["at"],
        "log": {"name": "public", "entry": one.entry, "output_hash": one.output_hash},
        "criteria": None if said is None else _criteria(said),
        "files": None if said is None else [
            {**each.plain(), "grade_says": GRADES[each.grade]} for each in said.files
        ],
        "recalled": None if recall is None else {
            "at": recall.plain()["at"],
            "log": {"name": "public", "entry": recall.entry, "reasons_hash": recall.reasons_hash},
            "reasons": None if recall.said is None else recall.said.reasons,
            "given_to": recall.given_to,
        },
    }  # fmt: skip


def _criteria(said: PublicOutput) -> dict[str, Any]:
    return {
        "profile": said.profile,
        "reviewers": {"needed": 2, "excluded": ["author", "project member", "conflicted"]},
        "overrides": [
            {**each.plain(), "says": OVERRIDE_WORDS[each.reason]} for each in said.overrides
        ],
    }
