"""What the hospital tells everybody: concerns and answers, texts, who decides, the minutes."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from commonweal.demo.others.hands import Hands
from commonweal.demo.others.plan import Plan, Raised, Said
from commonweal.foundation.files import make_private_folder, write_atomic
from commonweal.web.applications.contents import fingerprint
from commonweal.web.committee import agenda, minutes
from commonweal.web.committee.models import Meeting
from commonweal.web.concerns import services as concerns
from commonweal.web.concerns.models import Concern
from commonweal.web.oversight import services as oversight
from commonweal.web.oversight.group import FILE
from commonweal.web.publishing import services as publishing

WRITER, SECOND = "edward", "owen"
CHAIR, SECRETARY = "grace", "kate"


def raise_concern(told: Raised) -> Concern:
    """Somebody raises a concern, without an account and without a name."""
    said = {"words": told.words, "project": "", "name": "", "way": "page", "address": ""}
    return concerns.raise_concern(said).concern


def answer_concern(hands: Hands, row: Concern, told: Raised) -> None:
    """It is looked into and answered."""
    officer = hands.person(WRITER)
    concerns.take_up(officer, row)
    row.refresh_from_db()
    concerns.answer(officer, row, told.outcome, told.answer or "")


def publish(hands: Hands, told: Said, permits: Mapping[str, str]) -> None:
    """One person writes a text and another one publishes it."""
    writer, second = hands.person(WRITER), hands.person(SECOND)
    row = publishing.write(
        writer, kind=told.kind, happened_on=hands.on(told.happened), title=told.title,
        text=told.text, permit=permits[told.about] if told.about else "", output="",
    )  # fmt: skip
    publishing.offer(writer, row)
    row.refresh_from_db()
    publishing.publish(second, row, told.fine, seen=publishing.text_hash(row))


def show_members(hands: Hands, told: Plan) -> None:
    """Members of the committee say which interests they have; somebody else publishes it."""
    for who, words in told.interests.items():
        oversight.save_face(hands.person(who), by_name=who == "irene", interests=words)
        by = CHAIR if who == SECRETARY else SECRETARY
        oversight.publish(hands.person(by), who, words)


def show_group(hands: Hands, told: Plan) -> None:
    """The record of the group that advises on how decisions are made."""
    plain = told.oversight_group | {"updated_on": hands.day().isoformat()}
    path = hands.custody.home.path / FILE
    make_private_folder(path.parent)
    write_atomic(path, yaml.safe_dump(plain, sort_keys=False).encode())


def agree_minutes(hands: Hands, row: Meeting, words: str) -> None:
    """The secretary adds words to the minutes of a meeting, and the next one agrees them."""
    kate, grace = hands.person(SECRETARY), hands.person(CHAIR)
    row.refresh_from_db()
    minutes.add_words(kate, row, words, fingerprint(row.minutes))
    agenda.step_meeting(kate, row, "send_minutes")
    agenda.step_meeting(grace, row, "agree_minutes")
