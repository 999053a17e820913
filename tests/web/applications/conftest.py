"""Applications of the made-up people, on the day of the tests' own application."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from commonweal.foundation.clock import FixedClock
from commonweal.governance.application.drafts import as_typed, read_draft
from commonweal.governance.forms.answers import Answers, problems, with_given
from commonweal.governance.forms.answers import begin as empty
from commonweal.governance.forms.library.shelf import our_library
from commonweal.governance.forms.schema import Column, FormDefinition, Question
from tests.applications import NOW, content_data
from tests.web.conftest import new_client


@pytest.fixture
def clock(at: Callable[[Any], None], db: None) -> FixedClock:
    """The day on which `content_data` may be sent."""
    from commonweal.web.accounts.models import Membership
    from commonweal.web.ledgerlink.models import governed_write

    held = FixedClock(NOW)
    at(held)
    with governed_write():
        Membership.objects.update(begins=NOW.date())
    return held


@pytest.fixture
def browser_of(clock: FixedClock) -> Callable[[str], Any]:
    """A browser in which somebody is signed in: `browser_of("amara")`."""

    def opened(who: str) -> Any:
        client = new_client()
        answer = client.post("/account/people/sign-in/", {"person": who})
        assert answer.status_code == 302
        return client

    return opened


@pytest.fixture
def amara(browser_of: Callable[[str], Any]) -> Any:
    """The applicant of the university."""
    return browser_of("amara")


def begin(client: Any) -> str:
    """A new application; its reference."""
    answer = client.post("/applications/start/")
    assert answer.status_code == 302, answer.content
    return str(answer["Location"]).split("/")[2]


def fill(reference: str, data: dict[str, Any] | None = None, *, forms: bool = True) -> Any:
    """Put a whole application into the draft, as if it had been typed; the row."""
    from commonweal.web.applications.models import Application, Draft

    row = Application.objects.get(reference=reference)
    content = as_typed(read_draft(content_data() if data is None else data))
    made = Draft.objects.filter(pk=row.pk)
    answers = {"dpia": dpia().plain()} if forms else {}
    title = content.get("project", {}).get("title", "")
    made.update(content=content, forms=answers, title=title)
    return row


def dpia() -> Answers:
    """A data protection impact assessment that may be sent."""
    facts = {"uses_ai": False, "is_research": True, "without_consent": False, "with_company": False}
    return filled_in(our_library().form("dpia"), facts)


def filled_in(form: FormDefinition, facts: dict[str, bool]) -> Answers:
    """The form with some answer to every question, so that nothing stops it."""
    values = {q.id: answer_to(q) for q in form.questions() if q.given is None}
    made = with_given(form, empty(form).model_copy(update={"values": values}), facts)
    assert problems(form, made) == ()
    return made


def answer_to(asked: Question | Column) -> Any:
    """An answer of the question's kind."""
    if isinstance(asked, Question) and asked.columns is not None:
        row = {column.id: answer_to(column) for column in asked.columns}
        return (row,) * max(asked.min_rows or 0, 1)
    code = next((one.code for one in asked.options or () if not one.retired), "")
    pattern = (asked.patterns or ("",))[0]
    return {
        "short_text": "An answer",
        "long_text": "An answer in plain words.",
        "yes_no": True,
        "one_of": code,
        "several_of": (code,),
        "date": (asked.earliest.isoformat() if asked.earliest else "2026-02-01"),
        "whole_number": asked.smallest if asked.smallest is not None else 1,
        "money": asked.smallest if asked.smallest is not None else 100,
        "reference": pattern.replace("#", "1").replace("@", "A").replace("*", "A"),
        "declaration": True,
    }[asked.kind]
