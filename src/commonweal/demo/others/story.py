"""The order of things: what each project, meeting and text does on which day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from commonweal.demo.others import asking, deciding, permitting, telling
from commonweal.demo.others.hands import Hands
from commonweal.demo.others.plan import After, Met, Other, Plan, Raised, Said
from commonweal.demo.walkthrough import application as example
from commonweal.governance.forms.answers import Answers
from commonweal.governance.forms.library.shelf import our_library
from commonweal.web.accounts.models import User
from commonweal.web.applications import services as applications
from commonweal.web.applications.models import Application
from commonweal.web.committee.models import Meeting
from commonweal.web.concerns.models import Concern
from commonweal.web.desk import evidence
from commonweal.web.projects.models import Permit

_OPENED, _DECIDED, _ENDED = 10, 12, 16
_UNTIL_CHECKED, _UNTIL_AGREED, _UNTIL_MINUTED = 3, 4, 15
"""Days from one step to the next."""


@dataclass(frozen=True)
class Event:
    """What happens `ago` days before today at that hour."""

    ago: int
    hour: int
    do: Callable[[], object]


@dataclass
class Story:
    """All of it, in the order of time. Each method that begins with `_` is what is done once."""

    hands: Hands
    plan: Plan
    applications: dict[str, Application] = field(default_factory=dict)
    permits: dict[str, str] = field(default_factory=dict)
    meetings: dict[int, Meeting] = field(default_factory=dict)
    concerns: dict[int, Concern] = field(default_factory=dict)

    def tell(self) -> None:
        """Everything, on its day."""
        for event in sorted(self.events(), key=lambda one: (-one.ago, one.hour)):
            self.hands.go_to(event.ago, event.hour)
            event.do()
        self.hands.signer_works()

    def events(self) -> Iterator[Event]:
        """What happens, in no order."""
        for one in self.plan.projects:
            yield from self._of_project(one)
        for met in self.plan.meetings:
            yield from self._of_meeting(met)
        for said in self.plan.texts:
            yield Event(said.ago, 13, lambda said=said: self._publish(said))  # type: ignore[misc]
        for n, raised in enumerate(self.plan.concerns):
            yield from self._of_concern(n, raised)
        first = max(met.ago for met in self.plan.meetings)
        yield Event(first, 9, lambda: telling.show_members(self.hands, self.plan))
        yield Event(first, 9, lambda: telling.show_group(self.hands, self.plan))

    # --- projects ---------------------------------------------------------------------------------

    def _of_project(self, one: Other) -> Iterator[Event]:
        yield Event(one.sent, 9, lambda: self._send(one))
        if one.withdrawn is not None:
            yield Event(one.withdrawn, 9, lambda: self._withdraw(one))
            return
        yield Event(one.sent - _UNTIL_CHECKED, 9, lambda: self._check(one))
        if one.uses_ai:
            yield Event(one.sent - _UNTIL_CHECKED - 14, 9, lambda: self._workshop(one))
        if one.listed is not None:
            yield Event(one.listed, 9, lambda: self._list(one))
        if one.decided is not None:
            yield from self._of_decision(one, one.decided.ago)

    def _of_decision(self, one: Other, ago: int) -> Iterator[Event]:
        said = one.decided
        if said is None:
            return
        yield Event(ago, _OPENED - 1, lambda: self._put_on(one, ago))
        yield Event(ago, _DECIDED, lambda: deciding.decide(self.hands, self._row(one), said))
        if one.uses_ai:
            yield Event(ago - 2, 9, lambda: self._publish_assessment(one))
        if said.verdict != "reject":
            yield Event(ago - _UNTIL_AGREED, 9, lambda: self._agree(one))
        for after in one.after:
            yield Event(after.ago, 11, lambda after=after: self._after(one, after))  # type: ignore[misc]

    def _row(self, one: Other) -> Application:
        found: Application = Application.objects.get(pk=self.applications[one.id].pk)
        return found

    def _send(self, one: Other) -> None:
        lead = self.hands.person(one.by)
        row = applications.begin(lead, lead.memberships.get(role="applicant"))
        self.applications[one.id] = row
        self._write(one, row, lead)
        for name in one.documents:
            upload = evidence.Upload(f"{name}.txt", example.document_text(name))
            evidence.hand_in(lead, row, name, upload)
        applications.send(lead, row)
        self.hands.sign(applications.ask_to_sign(lead, self._row(one)))

    def _write(self, one: Other, row: Application, lead: User) -> None:
        day = self.hands.day()
        for section, value in asking.content(one, lead, day, self.hands.today).items():
            applications.save_part(lead, row, (section,), value, None)
        for name, given in asking.answers(one, self.plan, day).items():
            form = our_library().form(name)
            asked = tuple(each.id for each in form.questions())
            applications.save_answers(lead, row, form, asked, _always(given), None)

    def _withdraw(self, one: Other) -> None:
        applications.withdraw(self.hands.person(one.by), self._row(one))

    def _check(self, one: Other) -> None:
        deciding.check_at_desk(self.hands, self._row(one))
        if one.uses_ai:
            deciding.call_workshop(self.hands, self._row(one))

    def _workshop(self, one: Other) -> None:
        deciding.hold_workshop(self.hands, self._row(one))

    def _publish_assessment(self, one: Other) -> None:
        deciding.publish_assessment(self.hands, self._row(one))

    def _agree(self, one: Other) -> None:
        permitting.offer(self.hands, one, self._row(one))
        if one.agreed == "in_force":
            permit: Permit = permitting.agree(self.hands, one, self._row(one))
            self.permits[one.id] = permit.reference

    def _after(self, one: Other, after: After) -> None:
        permitting.afterwards(self.hands, one, self._row(one), after, self.plan)

    # --- meetings ---------------------------------------------------------------------------------

    def _of_meeting(self, met: Met) -> Iterator[Event]:
        yield Event(met.ago + 40 if met.ago < 390 else met.ago, 8, lambda: self._call(met))
        yield Event(met.ago, _OPENED, lambda: self._open(met))
        yield Event(met.ago, _ENDED, lambda: deciding.end_meeting(self.hands, self._meeting(met)))

    def _call(self, met: Met) -> None:
        held = self.hands.at(met.ago, _OPENED)
        self.meetings[met.ago] = deciding.call(self.hands, held)

    def _meeting(self, met: Met) -> Meeting:
        found: Meeting = Meeting.objects.get(pk=self.meetings[met.ago].pk)
        return found

    def _open(self, met: Met) -> None:
        deciding.open_meeting(self.hands, self._meeting(met), met.absent)
        earlier = [one for one in self.plan.meetings if one.ago > met.ago]
        if earlier:
            before = min(earlier, key=lambda one: one.ago)
            telling.agree_minutes(self.hands, self._meeting(before), self.plan.minutes)

    def _put_on(self, one: Other, ago: int) -> None:
        deciding.put_on(self.hands, self._row(one), self.meetings[ago])

    def _list(self, one: Other) -> None:
        held = self.hands.at(-self.plan.next_meeting, _OPENED)
        deciding.put_on(self.hands, self._row(one), deciding.call(self.hands, held))

    # --- what is told -----------------------------------------------------------------------------

    def _of_concern(self, n: int, raised: Raised) -> Iterator[Event]:
        def came() -> None:
            self.concerns[n] = telling.raise_concern(raised)

        yield Event(raised.ago, 14, came)
        if raised.answered is not None:
            yield Event(raised.answered, 14, lambda: self._answer(n, raised))

    def _answer(self, n: int, raised: Raised) -> None:
        telling.answer_concern(self.hands, self.concerns[n], raised)

    def _publish(self, said: Said) -> None:
        if said.about:  # the public list must know the project
            self.hands.signer_works()
        telling.publish(self.hands, said, self.permits)


def _always(given: Answers) -> Callable[[Answers], Answers]:
    return lambda _: given
