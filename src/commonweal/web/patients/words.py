"""What people read on their own pages: of kinds of choice, of refusals, and why nobody can tell.

One place for each text. A refusal is told by its code, in these words alone: what a worker or a
provider wrote is never shown.
"""

from __future__ import annotations

from dataclasses import dataclass

from commonweal.papers.choice_rules import DOES, TAKEN_BACK, ChoiceKind
from commonweal.papers.own_record import Because


@dataclass(frozen=True)
class KindWords:
    """A kind of choice: what it is called, and what it means."""

    title: str
    means: str


_TITLES: dict[ChoiceKind, str] = {
    "local_objection": "No to all research and planning by this hospital",
    "no_research_here": "No to research by this hospital",
    "no_companies": "No to any use by a company",
    "no_ai_training": "No to training AI",
    "project_objection": "No to one project",
    "project_consent": "Yes to one project",
    "withdrawal": "You left one project",
}
KIND_WORDS = {kind: KindWords(title, DOES[kind]) for kind, title in _TITLES.items()}
OFFERED: tuple[ChoiceKind, ...] = (
    "local_objection", "no_research_here", "no_companies", "no_ai_training", "project_objection",
)  # fmt: skip
"""What can be chosen on the page, in this order."""
TAKES_BACK = KindWords("Take back a choice", TAKEN_BACK)
CARE = "Your care team cannot see this choice here. Your care stays the same."

BECAUSE: dict[Because, str] = {
    "told_apart_otherwise": "The data do not hold NHS numbers, so nobody can be looked up in them.",
    "list_missing": "The list of whose records are in the data is not here.",
    "list_not_whole": "The list of whose records are in the data is not whole.",
    "release_missing": "The data are not here any more, or cannot be checked.",
}
"""Why nobody can be told of one release. The same for everybody."""

AGAIN = "You can sign in again."
ASK = "If it goes on, ask us in another way."


@dataclass(frozen=True)
class Refusal:
    """Why there is no answer, and what to do."""

    sentence: str
    remedy: str = AGAIN


_BROKEN = Refusal("This cannot be answered right now.", f"Try again later. {ASK}")
_NOT_PROVED = Refusal(
    "We could not check that this sign-in comes from NHS login.", f"{AGAIN} {ASK}"
)
REFUSALS: dict[str, Refusal] = {
    "CW-OIDC-STATE": Refusal("This sign-in took too long, was used before, or began elsewhere."),
    "CW-OIDC-DENIED": Refusal("NHS login did not sign you in."),
    "CW-OIDC-ISSUER": _NOT_PROVED,
    "CW-OIDC-TOKEN": _NOT_PROVED,
    "CW-OIDC-PROVIDER": Refusal("NHS login cannot be reached right now.", f"Try later. {ASK}"),
    "CW-MYDATA-TOKEN": _NOT_PROVED,
    "CW-MYDATA-PARTY": _NOT_PROVED,
    "CW-MYDATA-NONCE": Refusal("This sign-in belongs to another browser or another visit."),
    "CW-MYDATA-STALE": Refusal("This sign-in is too old."),
    "CW-MYDATA-LEVEL": Refusal(
        "NHS login has not checked well enough who you are.",
        "NHS login asks for photo ID for this. Prove who you are there, then sign in here again.",
    ),
    "CW-MYDATA-PERSON": Refusal("NHS login did not tell us what we need to find you.", ASK),
    "CW-MYDATA-TRIES": Refusal(
        "You have looked 12 times within the last hour. That is the most we allow.",
        "Wait an hour, then sign in again.",
    ),
    "CW-MYDATA-GONE": Refusal(
        "There is no answer here for you. We keep an answer for 10 minutes, and for one browser."
    ),
    "CW-MYDATA-SEAL": Refusal("The answer was not made for this browser."),
    "CW-MYDATA-KEY": Refusal("Our key was changed while you signed in."),
    "CW-MYDATA-BUSY": Refusal(
        "Too many people are looking at their record just now.", "Try again in 10 minutes."
    ),
    "CW-MYDATA-CLOSED": Refusal(
        "You cannot look at your own record here yet.", "You can ask us in another way."
    ),
    "CW-MYDATA-WISH": Refusal(
        "We do not know what you want to choose.", "Choose again on the page."
    ),
}


def refusal(code: str) -> Refusal:
    """What somebody reads of a refusal with this code."""
    return REFUSALS.get(code, _BROKEN)
