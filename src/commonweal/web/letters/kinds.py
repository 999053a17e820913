"""The closed list of what mail can say. Each kind is one plain sentence; the rest is a link."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from commonweal.foundation.errors import Fault


@dataclass(frozen=True)
class Kind:
    """One kind of mail: what its subject says, and its sentence."""

    subject: str
    sentence: str


KINDS = MappingProxyType({
    "your_turn": Kind("it is your turn", "Something waits for you to do it."),
    "question_asked": Kind("you were asked a question", "Somebody has asked you a question."),
    "answer_came": Kind("an answer came", "A question of yours was answered."),
    "decision_published": Kind("a decision was published", "A decision was published."),
    "signature_asked": Kind("your signature is asked for", "Something waits for your signature."),
    "permit_announced": Kind("a permit was announced", "A permit was announced."),
    "permit_active": Kind("a permit is active", "Work under a permit may begin."),
    "review_due": Kind("a review is due", "A yearly review is due."),
    "review_late": Kind("a review is late", "A yearly review is late and stops work."),
    "review_accepted": Kind("a review was accepted", "A yearly review was accepted."),
    "aia_due": Kind("an AIA is due", "An AIA is to be looked at again."),
    "aia_late": Kind("an AIA is late", "An AIA is late and stops new data."),
    "release_ready": Kind("data are ready", "Data were made ready."),
    "release_sent_back": Kind("data were sent back", "Data that were made were sent back."),
    "work_ended": Kind("what you sent has ended", "Work that you sent has ended."),
    "file_decided": Kind("a file was decided on", "A file of yours was decided on."),
    "role_given": Kind("you have a new role", "You were given a role."),
    "role_ended": Kind("a role of yours ended", "A role of yours has ended."),
    "invitation": Kind("you are invited", "You are invited to make an account."),
})  # fmt: skip
"""What a mail can be about."""


def kind_called(name: str) -> Kind:
    """The kind of this name. Raises `Fault` CW-LETTER-KIND."""
    found = KINDS.get(name)
    if found is None:
        raise Fault("CW-LETTER-KIND", f"There is no kind of mail called {name}.")
    return found
