"""What follows from declarations, votes and decisions once the ledger has heard of them."""

from __future__ import annotations

from django.urls import reverse

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Fault, Refused
from commonweal.governance.application.version import ApplicationVersion
from commonweal.governance.committee.conflicts import Declaration as DeclarationPaper
from commonweal.governance.committee.conflicts import check_declaration
from commonweal.governance.committee.decision import Decision as DecisionPaper
from commonweal.governance.committee.decision import headline
from commonweal.governance.committee.vocabulary import INTEREST_WORDS, OUTCOME_WORDS
from commonweal.governance.committee.votes import Vote as VotePaper
from commonweal.governance.committee.votes import cast, withdraw_member
from commonweal.governance.readability import advice
from commonweal.governance.states.application import APPLICATION
from commonweal.governance.states.item import ITEM
from commonweal.ledger.details import commitment, new_salt
from commonweal.ledger.entry import Actor, Event
from commonweal.papers.act_table import fingerprint
from commonweal.web.applications.kinds import kind_of
from commonweal.web.applications.services import paper_of
from commonweal.web.committee.ballots import ballot_of, go_on, locked
from commonweal.web.committee.deciding import (
    RECORD,
    check_again,
    check_may_decide,
    new_row,
)
from commonweal.web.committee.models import Decision, Declaration, Item, Vote
from commonweal.web.committee.policies import check_part, members, seat_of
from commonweal.web.committee.services import decision_paper, declarations_of
from commonweal.web.committee.shorter import check_vote_fits
from commonweal.web.committee.telling import published
from commonweal.web.config import clock
from commonweal.web.desk.publishing import decided
from commonweal.web.ledgerlink.services import govern
from commonweal.web.signing.handlers import Told
from commonweal.web.signing.models import Act


def item_for(act: Act) -> tuple[Item, ApplicationVersion]:
    """The item that an act is about, locked, with its paper. Raises `Fault` CW-WEB-SIGNING."""
    found = Item.objects.select_related("version__application").filter(pk=act.wish.get("item"))
    item = found.first()
    if item is None or item.version.application.reference != act.subject:
        raise Fault("CW-WEB-SIGNING", "What this is about is not on the committee's agenda.")
    item = locked(item)
    return item, paper_of(item.version)


def _content(act: Act, what: str) -> dict[str, object]:
    if act.content is None:
        raise Fault("CW-WEB-SIGNING", f"{what} is missing.")
    found = parse_json(bytes(act.content), what)
    return found if isinstance(found, dict) else {}


class DeclarationHandler:
    """A member says whether they have a conflict, before anything else and until the decision."""

    def _read(self, act: Act) -> tuple[Item, ApplicationVersion, DeclarationPaper]:
        item, paper = item_for(act)
        what = "The declaration"
        said = DeclarationPaper.read(_content(act, what), what, "CW-COMMITTEE-DECLARATION")
        fits = (said.person, said.version_digest) == (act.person.public_id, item.version.digest)
        if not fits or act.object_digest != item.version.digest:
            raise Refused("CW-COMMITTEE-DECLARATION", "The declaration is about something else.")
        return item, paper, said

    def check(self, act: Act) -> None:
        """Raises what `check_declaration` raises, and `Refused` CW-STATE-STEP once decided."""
        item, _, said = self._read(act)
        # After the chair's signature nothing is declared: what was decided would no longer be what
        # the signer counts. Who has a conflict then calls it in.
        if item.meeting.route == "chair":
            raise Refused(
                "CW-STATE-STEP",
                "The committee has decided this, so nobody declares anything about it any more.",
                remedy="If you have a conflict of interest, call it in.",
            )
        if item.state in ITEM.final or item.state == "waiting":
            raise Refused("CW-STATE-STEP", f"This is over. {ITEM.sentences[item.state]}")
        seat = seat_of(act.person, clock.now())
        if seat is None or seat.role != act.role:
            raise Refused("CW-COMMITTEE-MEMBER", "Only members with a vote can declare this.")
        earlier = declarations_of(item.version)
        check_declaration(said, earlier, members())
        if said.free and any(one.person == said.person for one in earlier):
            raise Refused("CW-COMMITTEE-DECLARATION", "You have declared this already.")
        if self._withdraws(item, said):
            withdraw_member(ballot_of(item), said)

    def _withdraws(self, item: Item, said: DeclarationPaper) -> bool:
        voting = item.state in ("voting", "stopped") and said.person in item.eligible
        return voting and not said.free

    def follow(self, act: Act) -> None:
        """The declaration; a member who has a conflict leaves a vote that is open."""
        if Declaration.objects.filter(act=act.pk).exists():
            return
        item, paper, said = self._read(act)
        salt, actor = new_salt(), Actor(act.role, act.person.public_id)
        row = Declaration(
            version=item.version, person=act.person, content=said.canonical(), salt=salt,
            conflicted=not said.free, act=act.pk, made_at=said.at,
        )  # fmt: skip
        fields = {
            "application": paper.application, "conflict": "no" if said.free else "yes",
            "declaration": commitment(salt, said.canonical()),
        }  # fmt: skip
        changed = [row, item] if self._withdraws(item, said) else [row]
        if self._withdraws(item, said):
            item.eligible = list(withdraw_member(ballot_of(item), said).eligible)
        govern(Event("conflict.declared", actor, fields), *changed)
        if not said.free:
            self._take_questions_back(item, act, actor)
            go_on(item)

    def _take_questions_back(self, item: Item, act: Act, actor: Actor) -> None:
        for one in item.questions.filter(person=act.person, state="asked"):
            one.state, one.taken_back_at = "taken_back", max(clock.now(), one.asked_at)
            fields = {
                "application": act.subject, "question": one.public_id, "how": "taken_back",
            }  # fmt: skip
            govern(Event("question.ended", actor, fields), one)

    def told(self, act: Act) -> Told:
        """What the member declares."""
        item, _, said = self._read(act)
        lines = [("What you declare", "You have no conflict of interest.")]
        if not said.free:
            words = "; ".join(INTEREST_WORDS[one] for one in said.conflicts)
            lines = [("What you declare", f"This is so of you: {words}.")]
        if said.told:
            lines.append(("In your words", said.told))
        return Told(item.title, reverse("committee:item", args=[item.pk]), tuple(lines))


class VoteHandler:
    """A member votes; while votes are blind a later vote takes the place of an earlier one."""

    def _read(self, act: Act) -> tuple[Item, ApplicationVersion, VotePaper]:
        item, paper = item_for(act)
        vote = VotePaper.read(_content(act, "The vote"), "The vote", "CW-COMMITTEE-VOTE")
        said = (vote.person, vote.role, vote.verdict, vote.version_digest)
        if said != (act.person.public_id, act.role, act.verdict, item.version.digest):
            raise Refused("CW-COMMITTEE-VOTE", "The vote is not the one that was proposed.")
        return item, paper, vote

    def check(self, act: Act) -> None:
        """Raises what `check_takes_part` and `cast` raise."""
        item, paper, vote = self._read(act)
        check_part(act.person, item, paper)
        ballot = ballot_of(item)
        if any(one.person == vote.person and one.at > vote.at for one in ballot.votes):
            # The last one that was written counts, so this one would be signed for nothing.
            raise Refused("CW-COMMITTEE-VOTE", "You have voted since you wrote this.")
        check_vote_fits(item, vote)
        cast(ballot, vote, members())

    def follow(self, act: Act) -> None:
        """The vote; the last one that was missing closes it."""
        if Vote.objects.filter(act=act.pk).exists():
            return
        item, paper, vote = self._read(act)
        salt = new_salt()
        row = Vote(
            version=item.version, route=vote.route, round=item.round, person=act.person,
            content=vote.canonical(), salt=salt, act=act.pk, made_at=vote.at,
        )  # fmt: skip
        fields = {
            "application": paper.application, "round": item.round,
            "vote": commitment(salt, vote.canonical()),
        }  # fmt: skip
        govern(Event("vote.cast", Actor(act.role, act.person.public_id), fields), row)
        go_on(item)

    def told(self, act: Act) -> Told:
        """How the member votes, and why."""
        item, _, vote = self._read(act)
        lines = [("Your vote", OUTCOME_WORDS[vote.verdict].capitalize()), ("Why", vote.reasons)]
        lines += [("A condition", text) for text in vote.conditions]
        return Told(item.title, reverse("committee:item", args=[item.pk]), tuple(lines))


def next_state(item: Item, made: DecisionPaper) -> str:
    """What the application becomes by a decision. Raises `Refused` CW-STATE-STEP."""
    action, guard = RECORD[made.outcome]
    state = item.version.application.state
    if made.route == "chair" and made.says_yes and state == "approved":
        return state  # the committee said yes before
    return APPLICATION.check_step(state, action, "committee_chair", met=(guard,))


def publish_decision(item: Item, row: Decision, act: Act) -> None:
    """A decision takes effect: it is published, and the application moves. In a transaction.

    `act`: the chair's, by which it was signed.
    """
    version, made = item.version, decision_paper(row)
    application = version.application
    application.state = next_state(item, made)
    row.published_at = clock.now()
    fields = {
        "application": made.application, "decision": made.id, "decision_hash": made.digest(),
        "outcome": made.outcome, "route": made.route, "about": kind_of(application),
        "version": commitment(bytes(version.salt), bytes(version.content)),
        "rules_hash": made.rules_digest, "by_deadlock": "yes" if made.by_deadlock else "no",
    }  # fmt: skip
    if made.replaces is not None:
        fields["replaces"] = made.replaces
    actor = Actor(act.role, act.person.public_id)
    govern(Event("application.decided", actor, fields), row, item, application)
    decided(version, made.outcome, act.person, act.role)
    published(application, row)


class DecisionHandler:
    """The chair signs what the votes have decided; it is published, and the application moves."""

    def _read(self, act: Act) -> tuple[Item, ApplicationVersion, DecisionPaper]:
        item, paper = item_for(act)
        made = DecisionPaper.read(act.wish.get("decision"), "The decision", "CW-DECISION-INVALID")
        if (made.digest(), made.outcome) != (act.object_digest, act.verdict):
            raise Refused("CW-DECISION-OTHER", "The decision is not the one that was proposed.")
        return item, paper, made

    def check(self, act: Act) -> None:
        """Raises what `check_may_decide`, `check_again` and the states of an application raise."""
        item, paper, made = self._read(act)
        check_may_decide(act.person, item, paper)
        check_again(item, paper, made)
        next_state(item, made)

    def follow(self, act: Act) -> None:
        """The decision, published; the application and the item in their next states."""
        item, paper, made = self._read(act)
        if item.version.decisions.filter(act=act.pk).exists():
            return
        row = new_row(item, paper, made, act)
        if made.route != "committee":
            # It waits, so that any member can call it in (`route_handlers.take_effect`).
            item.state = ITEM.check_step(
                item.state, "record_short", "committee_chair", met=("agreed",)
            )
            fields = {"application": paper.application, "to": item.state}
            actor = Actor(act.role, act.person.public_id)
            govern(Event("agenda.moved", actor, fields), row, item)
            return
        item.state = self._decided(item, by_deadlock=made.by_deadlock)
        publish_decision(item, row, act)

    def _decided(self, item: Item, *, by_deadlock: bool) -> str:
        state = item.state
        if by_deadlock:
            if state == "closed":
                state = ITEM.check_step(
                    state, "record_deadlock", "committee_chair", met=("not_agreed",)
                )
            met = ("no_rounds_left",)
            return ITEM.check_step(state, "apply_deadlock_rule", "committee_chair", met=met)
        return ITEM.check_step(state, "record_decision", "committee_chair", met=("agreed",))

    def told(self, act: Act) -> Told:
        """The decision as it will be published."""
        item, _, made = self._read(act)
        lines = [("Decision", headline(made)), ("In plain words", made.summary)]
        lines += [("How easy that is to read", text) for text in advice(made.summary)]
        lines += [("Reason", text) for text in made.reasons]
        lines += [("Condition", text) for text in made.conditions]
        lines += [("Not granted", text) for text in made.struck]
        lines += [("In less detail", f"{k}: {form}") for k, form in made.coarser.items()]
        lines.append(("Fingerprint", fingerprint(made.digest())))
        return Told(item.title, reverse("committee:item", args=[item.pk]), tuple(lines))
