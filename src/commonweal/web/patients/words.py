"""What people read on their own pages: of kinds of choice, of refusals, and why nobody can tell.

One place for each text. A refusal is told by its code, in these words alone: what a worker or a
provider wrote is never shown.
"""

from __future__ import annotations

from dataclasses import dataclass

from commonweal.papers.choice import ChoiceKind
from commonweal.papers.own_record import Because


@dataclass(frozen=True)
class KindWords:
    """A kind of choice: what it is called, and what it means."""

    title: str
    means: str


KIND_WORDS: dict[ChoiceKind, KindWords] = {
    "local_objection": KindWords(
        "No to all research and planning by this hospital",
        "Your record stays out of the data that this hospital makes ready for any project.",
    ),
    "no_research_here": KindWords(
        "No to research by this hospital",
        "Your record stays out of data for research. It can still be used for planning.",
    ),
    "no_companies": KindWords(
        "No to any use by a company",
        "Your record stays out of data for projects in which a company takes part.",
    ),
    "no_ai_training": KindWords(
        "No to training AI",
        "Your record stays out of data for projects that train or test AI.",
    ),
    "project_objection": KindWords(
        "No to one project", "Your record stays out of the data made ready for this project."
    ),
    "project_consent": KindWords(
        "Yes to one project", "Your record can be in the data made ready for this project."
    ),
    "withdrawal": KindWords(
        "You left one project", "Your record stays out of the data made ready for this project."
    ),
}
OFFERED: tuple[ChoiceKind, ...] = (
    "local_objection", "no_research_here", "no_companies", "no_ai_training", "project_objection",
)  # fmt: skip
"""What can be chosen on the page, in this order."""
TAKES_BACK = KindWords("Take back a choice", "The choice counts until yesterday, and then no more.")
_MADE_AGAIN = (
    "Data that are in use now are made again once your choice is too old for them. That is after "
    "7 days, unless this hospital set another limit."
)
WHEN = (
    "It counts from today. It is used the next time data are made ready for a project.",
    _MADE_AGAIN,
)
"""When a choice takes effect."""
CANNOT = (
    "Results that have left already stay as they are. They do not show who you are.",
    "An AI tool that has learned from data with your record in it stays as it is.",
    "A use that the law or a court orders goes on.",
)
"""What a choice cannot undo."""
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
