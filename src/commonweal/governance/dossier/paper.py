"""The dossier of one application, as the web hands it to the signer. Nothing in it is believed.

Its parts are kept as plain JSON in their full form, so that a digest is taken over what lies here
and not over what some program read into it. Acts name parts by these digests.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from commonweal.foundation.canonical import canonical, digest, parse_json
from commonweal.foundation.errors import Fault
from commonweal.papers.acts import SignedAct
from commonweal.papers.base import Identifier, Paper

CALLED = "The dossier"
CODE = "CW-DOSSIER-INVALID"
SMALL = "small_change"
"""The route of a decision on which nobody voted."""

Plain = dict[str, Any]


class Dossier(Paper):
    """Everything that one permit rests on.

    `declarations`, `votes`: what the acts of these kinds name as their content. `assessment`: the
    record of the impact assessment, or of the lighter route (P6); None where none is needed.
    `routes`: what was signed to put the version on a shorter route. `earlier`: the decision of the
    committee that a chair's action builds on.
    `draft`: the permit draft that the web compiled, and that the officers were shown. Nobody voted
    on a small change: an officer agreed it.
    """

    dossier: Literal[1]
    home: Identifier
    application: Identifier
    version: Plain
    declarations: Annotated[tuple[Plain, ...], Field(max_length=200)]
    votes: Annotated[tuple[Plain, ...], Field(max_length=500)]
    decision: Plain
    agreement: Plain
    assessment: Plain | None = None
    routes: Annotated[tuple[Plain, ...], Field(max_length=20)] = ()
    earlier: Plain | None = None
    draft: Plain
    acts: Annotated[tuple[SignedAct, ...], Field(min_length=1, max_length=1000)]

    @model_validator(mode="after")
    def _voted_on(self) -> Dossier:
        if not self.votes and self.decision.get("route") != SMALL:
            raise ValueError("a dossier holds votes, but for a small change")
        return self

    @classmethod
    def load(cls, content: bytes) -> Dossier:
        """The dossier in a file. Raises `Fault` CW-DOSSIER-INVALID or a JSON fault."""
        plain = parse_json(content, CALLED)
        found = cls.read(plain, CALLED, CODE)
        if found.canonical() != canonical(plain):
            raise Fault(CODE, f"{CALLED} is not in its full form.")
        return found

    def approval(self) -> str:
        """The digest that the officers countersign: all that the decision rests on and makes."""
        return approval_digest(
            self.version, self.decision, self.agreement, self.draft, self.assessment
        )

    def objects(self) -> frozenset[str]:
        """Digests of what people sign in it that is of this dossier alone: nobody's act about one
        of these can belong anywhere else. (Answers to a form may be the same in two dossiers.)"""
        parts = [self.version, self.decision, self.agreement]
        parts += [] if self.earlier is None else [self.earlier]
        return frozenset((*(digest(part) for part in parts), self.approval()))


def approval_digest(
    version: Mapping[str, Any],
    decision: Mapping[str, Any],
    agreement: Mapping[str, Any],
    draft: Mapping[str, Any],
    assessment: Mapping[str, Any] | None = None,
) -> str:
    """The digest of an approval: version, decision, agreement, assessment and permit draft."""
    parts = {
        "approval": 1,
        "version": digest(version),
        "decision": digest(decision),
        "agreement": digest(agreement),
        "draft": digest(draft),
    }
    if assessment is not None:
        parts["assessment"] = digest(assessment)
    return digest(parts)
