"""What happens to an assessment after its decision: words removed, looked at again, ended (P6).

One transaction each. A newer text changes nothing that the workshop heard or the committee decided:
it stands beside them with what changed. A change that needs a decision goes back, and is applied
for.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from commonweal.foundation.canonical import canonical, digest, parse_json
from commonweal.foundation.errors import Refused
from commonweal.foundation.london import london_day
from commonweal.governance.application.answers import AIA
from commonweal.governance.forms.answers import Answers, begin, check_sendable, with_given
from commonweal.governance.forms.answers import problems as form_problems
from commonweal.governance.forms.library.shelf import our_library
from commonweal.governance.problems import Problem, stopping
from commonweal.governance.states.review import REVIEW
from commonweal.ledger.details import commitment, new_salt
from commonweal.ledger.entry import Actor, Event
from commonweal.web.accounts.models import User
from commonweal.web.applications.contents import fingerprint
from commonweal.web.applications.models import Application
from commonweal.web.applications.policies import role_for
from commonweal.web.applications.services import answers_part, paper_of
from commonweal.web.config import clock
from commonweal.web.config.rules import rules_in_force
from commonweal.web.desk.models import Assessment, Iteration, IterationDraft, Redaction
from commonweal.web.desk.policies import Standing, check_outside, role_in
from commonweal.web.desk.publishing import months_later, public_plain, whole_plain
from commonweal.web.desk.redacting import REASONS, cut, marks_of, stands_in
from commonweal.web.desk.services import actor, readable
from commonweal.web.ledgerlink.services import govern

READABLE = ("to_publish", "published", "due", "overdue", "revisited", "ended")
AGAIN = ("published", "due", "overdue")
"""States in which the writers can send a newer text."""
MAX_PASSAGE = 5_000
SYSTEM = Actor("system", "service")


def public_one(application: Application) -> Assessment | None:
    """The assessment that everybody can read, or will when it is published: the newest."""
    rows = Assessment.objects.filter(application=application, state__in=READABLE)
    return rows.select_related("version__application").order_by("version__number").last()


def _locked(pk: Any) -> Assessment:
    rows = Assessment.objects.select_for_update(of=("self",))
    return rows.select_related("version__application", "application").get(pk=pk)


# --- words removed ------------------------------------------------------------------------------


def can_redact(at: Standing) -> bool:
    """True for an information governance officer who has nothing to do with the project."""
    return "ig_officer" in at.roles and not at.is_involved


def _check_redact(at: Standing) -> None:
    if "ig_officer" not in at.roles:
        raise Refused("CW-STATE-ROLE", "Only the information governance officer can do this.")
    check_outside(at)


def remove(at: Standing, row: Assessment, passage: str, reason: str) -> Redaction:
    """Remove words from what everybody reads. Raises `Refused` CW-STATE-ROLE, CW-DESK-INPUT."""
    _check_redact(at)
    with transaction.atomic():
        fresh = _locked(row.pk)
        said = passage.replace("\r\n", "\n").strip()
        if reason not in REASONS:
            raise _input("Choose why the words are removed.")
        if not 3 <= len(said) <= MAX_PASSAGE:
            raise _input(f"Give the words to remove: 3 to {MAX_PASSAGE:,} characters.")
        if fresh.redactions.filter(passage=said).exists():
            raise _input("These words are removed already.")
        if not stands_in(whole_plain(fresh), said):
            raise _input("These words do not stand in the assessment. Copy them exactly.")
        made = Redaction(
            assessment=fresh, passage=said, reason=reason, person=at.person, made_at=clock.now()
        )
        _redacted(at, fresh, made)
    return made


def put_back(at: Standing, row: Assessment, pk: int) -> None:
    """Let everybody read the words again. Raises `Refused` CW-STATE-ROLE, CW-DESK-INPUT."""
    _check_redact(at)
    with transaction.atomic():
        fresh = _locked(row.pk)
        found = fresh.redactions.filter(pk=pk).first()
        if found is None:
            raise _input("These words are not removed.")
        _redacted(at, fresh, found, gone=True)


def _redacted(at: Standing, row: Assessment, one: Redaction, *, gone: bool = False) -> None:
    """Write a mark, or take it away, with the hash of what everybody reads from now on.

    Before the text is published there is no such hash: it would let anybody who reads the text
    later try out which words stood there, between one removal and the next.
    """
    before = list(row.redactions.all())
    kept = [each for each in before if each.pk != one.pk] if gone else [*before, one]
    if not row.whole_salt:
        row.whole_salt = new_salt()
    whole = whole_plain(row)
    fields: dict[str, Any] = {
        "application": row.application.reference,
        "whole": commitment(bytes(row.whole_salt), canonical(whole)),
        "passages": len(kept),
    }
    if row.published_at is not None:
        marks = [(each.passage, each.reason) for each in kept]
        fields["assessment_hash"] = digest(cut(whole, marks))
    event = Event("assessment.redacted", actor(at.person, "ig_officer"), fields)
    if gone:
        govern(event, row, deleted=(one,))
    else:
        govern(event, row, one)


def proof_of(row: Assessment) -> dict[str, str] | None:
    """What stands on the public log of the newest text, where words were removed from it."""
    if not row.redactions.exists():
        return None
    whole = whole_plain(row)
    return {
        "shown": digest(cut(whole, marks_of(row))),
        "whole": commitment(bytes(row.whole_salt), canonical(whole)),
    }


# --- a newer text -------------------------------------------------------------------------------


def again_of(person: User, application: Application) -> Assessment:
    """The published assessment of which the person can write a newer text now.

    Raises `Fault` CW-WEB-NOT-FOUND (no writer), `Refused` CW-STATE-STEP.
    """
    role_for(person, application, clock.today())
    row = public_one(application)
    if row is None or row.state not in AGAIN:
        said = REVIEW.sentences[row.state if row is not None else "waiting"]
        raise Refused("CW-STATE-STEP", f"No newer text can be written now. {said}")
    return row


def newer_draft(row: Assessment) -> IterationDraft:
    """What was typed so far; before anything was, the text that is published."""
    found = IterationDraft.objects.filter(assessment=row).first()
    return found or IterationDraft(assessment=row, answers={})


def newer_answers(row: Assessment, stored: Any) -> Answers:
    """The answers of a newer text, with what the application itself knows."""
    form = our_library().form(AIA)
    plain: Any = stored or next(iter(whole_plain(row)["answers"]), {})
    found = begin(form)
    if isinstance(plain, dict) and plain.get("form_version") == form.version:
        read = Answers.read({**plain, "answers": 1}, "The answers")
        found = read if read.form == form.id else found
    return with_given(form, found, paper_of(row.version).content.given)


def save_section(
    person: User,
    application: Application,
    asked: tuple[str, ...],
    make: Callable[[Answers], Answers],
    seen: str,
) -> tuple[bool, Any]:
    """Save a page of a newer text: whether it was, and else what somebody else saved."""
    with transaction.atomic():
        row = _locked(again_of(person, application).pk)
        draft = newer_draft(row)
        before = newer_answers(row, draft.answers)
        theirs = answers_part(before, asked)
        if fingerprint(theirs) != seen:
            return False, theirs
        draft.answers, draft.saved_at = make(before).plain(), clock.now()
        draft.save()
    return True, None


def save_changed(person: User, application: Application, words: str, seen: str) -> bool:
    """Save what the writers say has changed, whatever it is. False if another saved it meanwhile.

    `seen`: the fingerprint of what the page showed. Nothing is saved over what was not shown.
    """
    with transaction.atomic():
        draft = newer_draft(_locked(again_of(person, application).pk))
        if seen != fingerprint(draft.changed) and words != draft.changed:
            return False
        draft.changed, draft.saved_at = words, clock.now()
        draft.save()
    return True


def newer_problems(answers: Answers) -> list[Problem]:
    """Everything that stops sending a newer text."""
    return list(stopping(form_problems(our_library().form(AIA), answers)))


def send_again(person: User, application: Application) -> Iteration:
    """Send a newer text. Raises `Refused` CW-STATE-STEP, CW-STATE-GUARD or CW-DESK-INPUT."""
    with transaction.atomic():
        row = _locked(again_of(person, application).pk)
        role = role_for(person, application, clock.today())
        draft = newer_draft(row)
        answers = newer_answers(row, draft.answers)
        action = "revisit" if row.state == "published" else "send"
        met = () if newer_problems(answers) else ("may_be_sent",)
        row.state = REVIEW.check_step(row.state, action, role, met=met)
        if not draft.changed.strip():
            raise _input("Say what has changed; or that nothing has, and why you are sure.")
        if len(draft.changed) > MAX_PASSAGE:
            raise _input(f"Say what has changed in at most {MAX_PASSAGE:,} characters.")
        values = dict(check_sendable(our_library().form(AIA), answers).values)
        said = Answers(form=answers.form, form_version=answers.form_version, values=values).plain()
        plain = {
            "newer_assessment": 1,
            "application": application.reference,
            "answers": {key: said[key] for key in ("form", "form_version", "values")},
            "changed": draft.changed.replace("\r\n", "\n").strip(),
        }
        made = Iteration(
            assessment=row, content=canonical(plain), sent_by=person, sent_at=clock.now()
        )
        row.changed_at, row.note = clock.now(), ""
        govern(_handled(row, Actor(role, person.public_id), action), row, made)
    return made


def waiting_text(row: Assessment) -> Iteration | None:
    """The newer text that the hospital is reading, or None."""
    found = row.iterations.last() if row.state == "revisited" else None
    return found if found is not None and found.published_at is None else None


def text_of(iteration: Iteration) -> dict[str, Any]:
    """A newer text, read."""
    found = parse_json(bytes(iteration.content), "The newer text")
    return found if isinstance(found, dict) else {}


def _seen_text(row: Assessment, text: int) -> Iteration:
    """The newer text that waits, if it is the one that was read. Raises CW-DESK-CHANGED."""
    found = waiting_text(row)
    if found is None:
        raise Refused("CW-STATE-STEP", REVIEW.sentences[row.state])
    if found.pk != text:
        raise Refused(
            "CW-DESK-CHANGED",
            "The writers sent another text since this page was opened. Read it first.",
        )
    return found


def publish_again(at: Standing, row: Assessment, *, read: bool, text: int) -> None:
    """Publish the newer text. `read`: the person says that everybody may see it. `text`: its key.

    Raises as `policies.role_in`, and `Refused` CW-DESK-CHANGED for another text than waits now.
    """
    with transaction.atomic():
        fresh = _locked(row.pk)
        met = ("public_version_ready",) if read else ()
        role, to = role_in(at, REVIEW, fresh.state, "publish_again", met)
        newer = _seen_text(fresh, text)
        newer.published_at = fresh.changed_at = clock.now()
        months = rules_in_force().lighter_assessment.look_again_months
        fresh.state, fresh.look_again_on = to, months_later(london_day(clock.now()), months)
        plain = public_plain(fresh.version) | {
            "answers": [text_of(newer)["answers"]], "changed": text_of(newer)["changed"],
            "text": fresh.iterations.filter(published_at__isnull=False).count() + 2,
        }  # fmt: skip
        fields = {
            "application": fresh.application.reference,
            "assessment_hash": digest(cut(plain, marks_of(fresh))),
            "look_again_on": fresh.look_again_on.isoformat(),
        }
        if fresh.redactions.exists():
            fields["whole"] = commitment(bytes(fresh.whole_salt), canonical(plain))
        govern(Event("assessment.published", actor(at.person, role), fields), fresh, newer)
        IterationDraft.objects.filter(assessment=fresh).delete()


def send_back(at: Standing, row: Assessment, note: str, *, text: int) -> None:
    """Send a newer text back, with why. `text`: its key. Raises as `publish_again`."""
    with transaction.atomic():
        fresh = _locked(row.pk)
        role, to = role_in(at, REVIEW, fresh.state, "send_back")
        newer = _seen_text(fresh, text)
        newer.note = said = readable(note, "Why")
        fresh.state, fresh.changed_at, fresh.note = to, clock.now(), said
        govern(_handled(fresh, actor(at.person, role), "send_back"), fresh, newer)


# --- steps of the system ------------------------------------------------------------------------


def lead() -> timedelta:
    """How long before its day the writers are reminded."""
    return timedelta(weeks=settings.ENVIRONMENT.review_lead_weeks)


def follow_days(pk: int, today: date, *, ended: bool) -> str:
    """Let one published assessment fall due, run over, or end; the step that was taken, or ""."""
    with transaction.atomic():
        row = _locked(pk)
        day = row.look_again_on
        if ended:
            return _take(row, "end", "ledger_says_so")
        if day is None or row.state not in ("published", "due"):
            return ""
        if row.state == "published" and today >= day - lead():
            return _take(row, "fall_due", "time_has_come")
        if row.state == "due" and today > day:
            return _take(row, "run_over", "time_has_come")
    return ""


def _take(row: Assessment, action: str, guard: str) -> str:
    if not REVIEW.can_step(row.state, action, "system", met=(guard,)):
        return ""
    row.state = REVIEW.check_step(row.state, action, "system", met=(guard,))
    row.changed_at = clock.now()
    govern(_handled(row, SYSTEM, action), row)
    return action


# --- helpers ------------------------------------------------------------------------------------


def _handled(row: Assessment, by: Actor, step: str) -> Event:
    fields = {"application": row.application.reference, "step": step}
    return Event("assessment.handled", by, fields)


def _input(sentence: str) -> Refused:
    return Refused("CW-DESK-INPUT", sentence)
