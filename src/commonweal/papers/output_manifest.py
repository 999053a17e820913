"""The output manifest: what asks to leave, frozen and hashed when it is submitted.

Everything that people and machines say about an output is said about the digest of this paper: the
author signs it, reviewers sign their votes on it, and the release worker hashes every file against
it before anything leaves (S11). A changed byte makes another manifest, and no vote is about that.

What was found is not in here. The author holds this paper, and a finding can be the secret itself
(S6): so `findings` commits to a paper that reviewers read (`Findings`), which holds 32 random bytes
so that nobody can find it by trying (S10).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, StringConstraints, model_validator

from commonweal.papers.base import (
    Count,
    Identifier,
    Line,
    Moment,
    Paper,
    Sha256,
    Text,
    named_twice,
)
from commonweal.papers.output_request import Grade

MOST_FILES = 200
MOST_COMPARED = 100_000
MOST_TURNS = 50
CALLED = "The output manifest"
CODE = "CW-LEAVING-MANIFEST"

FileKind = Literal["table", "drawing", "request", "file", "figure", "model", "noisy"]
"""`table`: figures that the airlock made from a request. `drawing`: the picture that it drew of
such figures as they leave. `request`: what was asked, kept for reviewers; it does not leave.
`noisy`: counts with noise, which no audit of exact figures reads. The others are files that the job
wrote."""
_MADE_HERE = frozenset({"table", "drawing"})
Detected = Literal[
    "csv", "tsv", "parquet", "json", "text", "xlsx", "ipynb", "png", "jpeg", "svg", "html", "pdf",
    "onnx", "safetensors", "unknown",
]  # fmt: skip
"""What a file was seen to be, whatever its name says."""
FileVerdict = Literal["pass", "review", "fail", "unreadable"]
FILE_VERDICTS: tuple[FileVerdict, ...] = get_args(FileVerdict)
MUST_BE_OVERRIDDEN: frozenset[FileVerdict] = frozenset({"fail", "unreadable"})
"""With one of these verdicts a file leaves only if both reviewers give a typed reason."""

FilePath = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", max_length=64)
]
"""The name of a file: one folder, no hidden names, nothing that leads elsewhere."""
Salt = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class OutputFile(Paper):
    """One file. `made_from`: for a table or drawing, the request that it answers."""

    path: FilePath
    sha256: Sha256
    bytes: Count
    type: Detected
    grade: Grade
    kind: FileKind
    made_from: FilePath | None = None

    @model_validator(mode="after")
    def _hangs_together(self) -> OutputFile:
        if (self.kind in ("noisy", *_MADE_HERE)) is (self.made_from is None):
            raise ValueError("figures and drawings, and only they, name what they are made from")
        if (self.kind == "noisy") is not (self.grade == "noisy"):
            raise ValueError("counts with noise have a grade of their own")
        if self.kind == "drawing" and (self.type != "svg" or self.grade == "declared"):
            raise ValueError("a drawing is an SVG of figures that the airlock made")
        if self.grade not in ("declared", "noisy") and self.kind not in ("request", *_MADE_HERE):
            raise ValueError("only figures that the airlock made are recomputed or tabulated")
        if self.kind == "request" and self.type != "json":
            raise ValueError("a request is JSON")
        return self


class EarlierOutput(Paper):
    """An output that had left when the audit ran: its id, and the hash of its history's manifest.

    The same pair as `airlock.audit.history.Pin`.
    """

    output: Identifier
    manifest: Sha256


class RulesUsed(Paper):
    """The profile that the files were held against."""

    name: Identifier
    version: Line
    hash: Sha256


class Origin(Paper):
    """Where figures come from that no job made. `of`: the id of the standing output, or the name of
    the question that was answered with noise; `made_from`: the digest of that paper. `spend`: of
    noise, the entry of the ledger that paid for it.
    """

    kind: Literal["standing", "noise"]
    of: Identifier
    made_from: Sha256
    spend: Count | None = None

    @model_validator(mode="after")
    def _paid_for(self) -> Origin:
        if (self.kind == "noise") is (self.spend is None):
            raise ValueError("noise, and nothing else, was paid for")
        return self


class OutputManifest(Paper):
    """One submission of one output: turn 1, or a later turn after reviewers returned it.

    `id` is the output's and stays the same over turns; `previous`: digest of the turn before.
    `job`, `study`: what ran, and the digest of its code; `origin` in their place where the airlock
    made the figures by itself. `release_hash`, `permit_hash`: of the papers themselves.
    `context`, `controls`: what the author says it is about, and what was done to protect people.
    `findings`: digest of the `Findings`. `proposal`: its own history manifest, where figures were
    recomputed; `compared`: every output that it was audited against. `left_behind`: files that the
    job left beside these, and its author did not ask for; None where there are none.
    """

    output_manifest: Literal[1]
    id: Identifier
    turn: Annotated[int, Field(ge=1, le=MOST_TURNS)]
    previous: Sha256 | None = None
    title: Line
    author: Identifier
    project: Identifier
    permit: Identifier
    permit_hash: Sha256
    release: Identifier
    release_hash: Sha256
    job: Identifier | None = None
    study: Sha256 | None = None
    origin: Origin | None = None
    context: Text
    controls: Text
    files: Annotated[tuple[OutputFile, ...], Field(min_length=1, max_length=MOST_FILES)]
    findings: Sha256
    profile: RulesUsed
    proposal: EarlierOutput | None = None
    compared: Annotated[tuple[EarlierOutput, ...], Field(max_length=MOST_COMPARED)] = ()
    left_behind: Annotated[tuple[FilePath, ...], Field(max_length=MOST_FILES)] | None = None
    submitted_at: Moment
    expires: Moment

    @model_validator(mode="after")
    def _hangs_together(self) -> OutputManifest:
        if (self.turn == 1) is not (self.previous is None):
            raise ValueError("each turn but the first names the turn before")
        if self.expires <= self.submitted_at:
            raise ValueError("an output expires after it was submitted")
        # Two names that look alike could be shown as one and released as the other.
        if named_twice([one.path for one in self.files]) is not None:
            raise ValueError("has two files whose names look the same")
        self._check_origin()
        self._check_tables()
        self._check_history()
        return self

    def _check_origin(self) -> None:
        made = {self.job is None, self.study is None, self.origin is not None}
        if len(made) != 1:
            raise ValueError("was made by a job with its code, or has another origin")
        noisy = self.origin is not None and self.origin.kind == "noise"
        if noisy is not any(one.kind == "noisy" for one in self.files):
            raise ValueError("has counts with noise where, and only where, noise was paid for")
        if noisy and any(one.kind not in ("noisy", "request") for one in self.files):
            raise ValueError("has other files beside counts with noise")

    def _check_tables(self) -> None:
        requests = {one.path for one in self.files if one.kind == "request"}
        made = [one.made_from for one in self.files if one.kind in ("table", "noisy")]
        drawings = [one.made_from for one in self.files if one.kind == "drawing"]
        if not set(made) <= requests:
            raise ValueError("has a table whose request is not there")
        if len(set(made)) != len(made):
            raise ValueError("has two tables of one request")
        if len(set(drawings)) != len(drawings) or not set(drawings) <= set(made):
            raise ValueError("has a drawing of no table that is there, or two of one")
        if not self.leaving():
            raise ValueError("has no file that could leave")

    def _check_history(self) -> None:
        recomputed = any(one.kind == "table" for one in self.files)
        if recomputed is (self.proposal is None):
            raise ValueError("has a proposal for the history where, and only where, it has tables")
        if self.proposal is not None and self.proposal.output != self.id:
            raise ValueError("has the proposal of another output")
        names = [one.output for one in self.compared]
        if names != sorted(set(names)) or self.id in names:
            raise ValueError("names the outputs it was compared with in order, each once")

    def leaving(self) -> tuple[OutputFile, ...]:
        """The files that leave when it is released; requests stay."""
        return tuple(one for one in self.files if one.kind != "request")

    def file(self, path: str) -> OutputFile | None:
        """The file called `path`, or None."""
        return next((one for one in self.files if one.path == path), None)

    def public_projection(self, overrides: Iterable[Override]) -> dict[str, Any]:
        """What the register shows once it has left, and its event on the ledger commits to.

        No person, no job, no hash of a file: files are for the project, and small ones could be
        found by trying. Overrides are listed with their reasons (S6 speaks of findings, not these).
        """
        return {
            "output": self.id,
            "title": self.title,
            "project": self.project,
            "permit": self.permit,
            "release": self.release,
            "profile": f"{self.profile.name} {self.profile.version}",
            "files": [{"kind": one.kind, "grade": one.grade} for one in self.leaving()],
            "overrides": [{"verdict": one.verdict, "reason": one.reason} for one in overrides],
        }


# --- what reviewers read ------------------------------------------------------------------------


class FileFound(Paper):
    """The verdict on one file. `report`: what was found of it, as the airlock says it."""

    path: FilePath
    verdict: FileVerdict
    report: Annotated[dict[str, Any], Field(max_length=50)] = Field(default_factory=dict)


class Findings(Paper):
    """Everything that was found, for reviewers only. `salt`: 64 hexadecimal digits, random.

    `audit`: the reviewer's result of the audit against all that has left, or None without one.
    """

    findings: Literal[1]
    output: Identifier
    turn: Annotated[int, Field(ge=1, le=MOST_TURNS)]
    salt: Salt
    files: Annotated[tuple[FileFound, ...], Field(min_length=1, max_length=MOST_FILES)]
    audit: dict[str, Any] | None = None
    audit_verdict: Literal["pass", "review", "fail"] | None = None

    @model_validator(mode="after")
    def _hangs_together(self) -> Findings:
        if len({one.path for one in self.files}) != len(self.files):
            raise ValueError("has a file twice")
        if (self.audit is None) is not (self.audit_verdict is None):
            raise ValueError("an audit has a verdict, and nothing else has")
        return self

    def verdict(self) -> FileVerdict:
        """The worst verdict on a file, or of the audit."""
        said = [one.verdict for one in self.files]
        said += [] if self.audit_verdict is None else [self.audit_verdict]
        return max(said, key=FILE_VERDICTS.index)


AUDIT = "audit"
"""What an override names that is about the audit, and not about one file."""


def needing_override(manifest: OutputManifest, found: Findings) -> dict[str, FileVerdict]:
    """By name of a file, or `audit`: what leaves only if both reviewers override it.

    A file of the manifest that nothing was found of counts as unreadable: nobody looked.
    """
    verdicts = {one.path: one.verdict for one in found.files}
    every: dict[str, FileVerdict] = {
        one.path: verdicts.get(one.path, "unreadable") for one in manifest.files
    }
    if manifest.proposal is not None or found.audit_verdict is not None:
        every[AUDIT] = found.audit_verdict or "unreadable"
    return {name: said for name, said in every.items() if said in MUST_BE_OVERRIDDEN}


# --- what reviewers sign ------------------------------------------------------------------------

ReviewVerdict = Literal["approve", "return", "reject", "conflicted"]
"""`conflicted`: the reviewer has an interest of their own; no vote of theirs counts on any turn."""
VoteVerdict = Literal["approve", "return", "reject"]
ReturnReason = Literal[
    "counts_not_rounded",
    "small_counts_shown",
    "differs_from_earlier_output",
    "context_missing",
    "controls_missing",
    "underlying_counts_missing",
    "file_kind",
    "too_large",
    "not_for_this_purpose",
    "about_single_people",
    "code_not_understood",
    "model_remembers_people",
]
"""Why an output is returned or rejected: a closed list, so that reasons can be counted."""
RETURN_WORDS: dict[ReturnReason, str] = {
    "counts_not_rounded": "Counts are not rounded as the rules ask.",
    "small_counts_shown": "A figure is about too few people.",
    "differs_from_earlier_output": "Too much follows from this together with what has left.",
    "context_missing": "It is not clear what the figures are about.",
    "controls_missing": "It is not said what was done to protect people.",
    "underlying_counts_missing": "The counts behind a figure are missing.",
    "file_kind": "Files of this kind do not leave.",
    "too_large": "There is more here than the question needs.",
    "not_for_this_purpose": "It is not for the purpose of the permit.",
    "about_single_people": "It is about single people.",
    "code_not_understood": "The code that made it could not be followed.",
    "model_remembers_people": "The model may remember people it was trained on.",
}
OverrideReason = Literal[
    "structural_zero",
    "not_about_people",
    "published_already",
    "wrongly_found",
    "agreed_with_guardian",
]
"""Why something may leave that the checks failed: a closed list, shown in the public register."""
OVERRIDE_WORDS: dict[OverrideReason, str] = {
    "structural_zero": "The empty cell cannot have anybody in it.",
    "not_about_people": "The figure is not about people.",
    "published_already": "The same figure has been published already.",
    "wrongly_found": "The check was wrong; two people looked at what it found.",
    "agreed_with_guardian": "The Caldicott Guardian agreed that this may leave.",
}


class Reason(Paper):
    """A typed reason. `file`: the one that it is about, or None for the whole."""

    reason: ReturnReason
    file: FilePath | None = None


class Override(Paper):
    """Why one failed check does not stop it. `what`: a file's name, or `audit`."""

    what: FilePath
    verdict: Literal["fail", "unreadable"]
    reason: OverrideReason


class OutputReview(Paper):
    """What a reviewer writes with a vote; the vote's act holds its digest.

    `manifest`, `findings`: digests of what was looked at. `to_author` is shown to the author when
    the turn has ended, `note` to other reviewers only, once all votes are in.
    """

    output_review: Literal[1]
    output: Identifier
    manifest: Sha256
    findings: Sha256
    verdict: ReviewVerdict
    reasons: Annotated[tuple[Reason, ...], Field(max_length=50)] = ()
    overrides: Annotated[tuple[Override, ...], Field(max_length=MOST_FILES + 1)] = ()
    to_author: Text | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _hangs_together(self) -> OutputReview:
        against = self.verdict in ("return", "reject")
        if self.reasons and not against:
            raise ValueError("only who returns or rejects has reasons against it")
        if against and not self.reasons:
            raise ValueError("who returns or rejects gives at least one reason")
        if self.verdict != "approve" and self.overrides:
            raise ValueError("only who approves can override a check")
        if len(set(self.reasons)) != len(self.reasons):
            raise ValueError("has a reason twice")
        if len({one.what for one in self.overrides}) != len(self.overrides):
            raise ValueError("overrides one thing twice")
        return self


class OutputRecall(Paper):
    """A plain record that an output should not have left. It takes nothing back.

    `reasons` is published as it stands; `downloaded_by` is not here: the ledger knows it, sealed.
    """

    output_recall: Literal[1]
    output: Identifier
    reasons: Text
    at: Moment


REVIEWERS = 2
"""How many people must have looked, each by themselves."""

# --- what follows -------------------------------------------------------------------------------

Outcome = Literal["waiting", "conflict", "approved", "returned", "rejected"]


class CountedVote(Paper):
    """One vote that counted: the act, who signed it, and its verdict."""

    act: Identifier
    reviewer: Identifier
    verdict: VoteVerdict
    independent: bool
    """Signed before anybody could see another vote of this turn."""


class OutputDecision(Paper):
    """What the signed votes on one manifest make, counted from the acts alone (S11)."""

    output_decision: Literal[1]
    output: Identifier
    manifest: Sha256
    outcome: Outcome
    votes: Annotated[tuple[CountedVote, ...], Field(max_length=100)] = ()
    overrides: Annotated[tuple[Override, ...], Field(max_length=MOST_FILES + 1)] = ()
    reasons: Annotated[tuple[Reason, ...], Field(max_length=1_000)] = ()

    @model_validator(mode="after")
    def _hangs_together(self) -> OutputDecision:
        people = {one.reviewer for one in self.votes}
        if len(people) != len(self.votes):
            raise ValueError("counts a reviewer twice")
        if self.outcome != "waiting" and len(people) < REVIEWERS:
            raise ValueError(f"is decided by fewer than {REVIEWERS} people")
        if self.overrides and self.outcome != "approved":
            raise ValueError("overrides something and approves nothing")
        return self


def same_earlier(one: Collection[EarlierOutput], other: Collection[EarlierOutput]) -> bool:
    """True if two sets of earlier outputs are the same, hashes and all."""
    return {(e.output, e.manifest) for e in one} == {(e.output, e.manifest) for e in other}
