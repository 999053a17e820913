"""Events of people's choices.

No entry names a person, or lets one be guessed: a choice stands here as a number and a random id,
and what it says lies sealed in the entry's details.
"""

from __future__ import annotations

from commonweal.ledger.event_type import EventType, optional, word
from commonweal.ledger.fields import Field

ABOUT_PEOPLE: tuple[EventType, ...] = (
    EventType("choice.recorded", "sealed", "A choice that somebody made was taken into the "
              "journal.",
              {"number": Field("number"), "choice": Field("choice"),
               "by": word("self", "staff", "trusted_person")}),
    EventType("choice.loss_accepted", "sealed", "Two people said that choices which a restore lost "
              "were recorded again.",
              {"number": Field("number"), "remembered": Field("number"), "lost": optional("hash"),
               "first_approver": Field("actor"), "second_approver": Field("actor")}),
    EventType("person.answered", "sealed", "Somebody who had signed in asked about their own "
              "record, or chose something.",
              {"asked": word("look", "choose"), "outcome": word("answered", "refused"),
               "code": optional("code")}),
    EventType("person.provider_set", "sealed", "It was said which provider of identity people sign "
              "in with; its details hold the provider and its keys.",
              {"keys": Field("number")}),
)  # fmt: skip
