"""The rules in plain English, made from the paper itself, so that the two cannot differ.

The text is what a custodian publishes. The explanation `docs/explanation/deciding.md` holds the
text of the default rules; `python -m commonweal.governance.committee.words FILE` writes it anew.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from commonweal.foundation.errors import CommonwealError
from commonweal.foundation.files import translated
from commonweal.governance.clocks.calendar import long_day
from commonweal.governance.committee.rules import CommitteeRules, default_rules
from commonweal.governance.committee.vocabulary import (
    CHAIRS_WORDS,
    CRITERION_WORDS,
    LIGHTER_WORDS,
    SMALL_CHANGE_WORDS,
)
from commonweal.governance.roles import ROLE_WORDS

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_MARKED = re.compile(r"(<!-- generated: rules -->)\n.*?(<!-- end -->)", re.DOTALL)


def published_text(rules: CommitteeRules) -> str:
    """The rules as Markdown, for everybody to read."""
    parts = [
        (
            f"These are the rules of the {rules.committee}, version {rules.version}, in force from "
            f"{long_day(rules.adopted_on)}. They are looked at again by "
            f"{long_day(rules.review_by)}.\n"
        )
    ]
    for title, lines in sections(rules):
        parts.append(f"**{title}**\n")
        parts += [f"- {line}" for line in lines]
        parts.append("")
    return "\n".join(parts).rstrip()


def sections(rules: CommitteeRules) -> Iterator[tuple[str, list[str]]]:
    """The rules as groups of sentences, each under its title."""
    yield "Who decides", _who(rules)
    yield "How votes count", _how(rules)
    yield "When the votes come to no decision", _deadlock(rules)
    yield "Decisions between meetings", _between(rules)
    yield "The short route", _short(rules)
    yield "Changes to a project", _changes(rules)
    yield "Impact assessments of AI", _lighter(rules)
    yield "If you disagree", _appeal(rules)


def _quota(at_least: int, role: str) -> str:
    if at_least == 1:
        return f"At least one of them is the {role}."
    # "lay member of the committee" and "chair of the committee" alike
    one, of, rest = role.partition(" of ")
    return f"At least {_number(at_least)} of them are {one}s{of}{rest}."


def _who(rules: CommitteeRules) -> list[str]:
    quorum = rules.quorum
    return [
        f"At least {_count(quorum.members, 'member')} must vote.",
        *(_quota(quota.at_least, ROLE_WORDS[quota.role]) for quota in quorum.by_role),
        (
            f"At least {_share(quorum.lay_share_percent)} of the votes are those of lay members: "
            "people who do not work for the hospital or for those who ask."
        ),
        (
            f"A member serves for at most {_count(rules.terms.years, 'year')} at a time, and at "
            f"most {_times(rules.terms.at_most)}."
        ),
        (
            "Who has a conflict of interest says so before anything else, takes no part, sees no "
            "vote and is not counted. This is asked of each member for each application."
        ),
        "Nobody votes for somebody else. Who is not there does not vote"
        + ("; what they wrote beforehand is read out." if rules.absence.comments_read_out else "."),
        (
            f"After {_count(rules.absence.missed_meetings, 'meeting')} missed in a row a member's "
            "place may go to another."
        ),
    ]


def _how(rules: CommitteeRules) -> list[str]:
    rule = {
        "unanimous": "All who vote must agree.",
        "majority": "More than half of the votes decide.",
        "consensus_and_chair": (
            f"All agree, or all but {_number(rules.dissent_at_most)}, and the chair is with them."
        ),
    }[rules.decision_rule]
    return [
        rule,
        (
            "There are four answers: yes; yes, with conditions; change it and send it again; no. "
            "Each member chooses one and says why."
        ),
        "Nobody sees how others voted before all votes are in or the vote is closed.",
        (
            "A member who does not understand something asks with one click. The vote stops until "
            "the question is answered or taken back."
        ),
        (
            "If somebody votes and then says that they have a conflict, their vote is set aside. "
            "The others are counted again, and they must still be enough."
        ),
        "Those who voted otherwise are heard: their reasons are published, without their names.",
        "Each item of data that was asked for gets its own answer: yes, yes in less detail, or no.",
    ]


def _deadlock(rules: CommitteeRules) -> list[str]:
    then = {
        "resubmit": "the application has to be changed and sent again",
        "reject": "the answer is no",
    }[rules.deadlock.then]
    again = rules.deadlock.rounds - 1
    first = f"It is discussed and voted on again, {_times(again)}. " if again else ""
    return [f"{first}If there is still no decision, {then}. It never becomes a yes."]


def _between(rules: CommitteeRules) -> list[str]:
    action = rules.chairs_action
    if not action.allowed_for:
        return ["The chair does not decide alone."]
    return [
        (
            f"The chair may decide with at least {_count(action.with_lay_members, 'lay member')}, "
            f"and only {'; or '.join(CHAIRS_WORDS[one] for one in action.allowed_for)}."
        ),
        "They must agree; if they do not, the whole committee decides.",
        "The chair never turns a no of the committee into a yes.",
        _called_in(rules),
    ]


def _short(rules: CommitteeRules) -> list[str]:
    route = rules.proportionate
    if not route.offered:
        return ["There is no short route: the whole committee decides."]
    return [
        (
            f"{_number(route.members).capitalize()} members, with the same share of lay members, "
            "may decide together if all of this is so:"
        ),
        *(f"{CRITERION_WORDS[one]};" for one in route.conditions[:-1]),
        f"{CRITERION_WORDS[route.conditions[-1]]}.",
        "They must all agree; if they do not, or if any member asks, the whole committee decides.",
        _called_in(rules),
    ]


def _called_in(rules: CommitteeRules) -> str:
    return (
        "Any member can call such a decision in to the whole committee until the permit is made. "
        f"It waits for that for at least {_count(rules.call_in_working_days, 'working day')}."
    )


def _changes(rules: CommitteeRules) -> list[str]:
    if not rules.small_changes:
        return ["Every change to a project goes to the committee."]
    return [
        "A change goes to the committee, unless it is one of these: "
        + "; ".join(SMALL_CHANGE_WORDS[one] for one in rules.small_changes)
        + ".",
        (
            "To go on for longer, a project goes to the committee again. It can ask for that from "
            f"{_count(rules.renewal_months_before, 'month')} before its last day."
        ),
    ]


def _lighter(rules: CommitteeRules) -> list[str]:
    lighter = rules.lighter_assessment
    lines = [
        (
            "Every use that is about AI has an impact assessment, and the committee does not "
            "decide without it. It is published, whatever the answer is."
        ),
        (
            f"At least {_number(lighter.people_at_least)} patients and members of the public look "
            "at it in a workshop. They have the papers at least "
            f"{_count(lighter.papers_days_before_workshop, 'day')} before, and somebody "
            "independent writes down what they said."
        ),
        f"It is looked at again at least every {_count(lighter.look_again_months, 'month')}.",
    ]
    if lighter.conditions:
        lines.append(
            "A workshop of its own is not needed if all of this is so: "
            + "; ".join(LIGHTER_WORDS[one] for one in lighter.conditions)
            + ". Any member can ask for a workshop all the same."
        )
    return lines


def _appeal(rules: CommitteeRules) -> list[str]:
    return [
        (
            f"Who applied can appeal within {_count(rules.appeal.days, 'day')} of the day on which "
            "the decision is published."
        ),
        (
            "The appeal is heard by people who did not vote and have no conflict of interest. They "
            f"answer within {_count(rules.appeal.answer_within_working_days, 'working day')}."
        ),
        "If they uphold it, the committee decides again. They cannot approve it themselves.",
    ]


def _number(count: int) -> str:
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)


def _count(count: int, what: str) -> str:
    return f"{_number(count)} {what}{'' if count == 1 else 's'}"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{_number(count)} times")


def _share(percent: int) -> str:
    return "half" if percent == 50 else f"{percent} in 100"


def filled(page: str) -> str:
    """`page` with the default rules between its markers."""
    return _MARKED.sub(lambda m: f"{m[1]}\n{published_text(default_rules())}\n{m[2]}", page)


def sentence_case(words: str) -> str:
    """Words of a list as the beginning of a sentence."""
    return words[:1].upper() + words[1:]


def main(arguments: Sequence[str]) -> int:
    """Fill the page that is named. Returns the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m commonweal.governance.committee.words FILE\n")
        return 2
    path = Path(arguments[0])
    try:
        with translated(f"the page {path.name}"):
            path.write_text(filled(path.read_text("utf-8")), "utf-8")
    except CommonwealError as error:
        sys.stderr.write(f"{error.sentence}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
