"""Drafts: all that is typed is saved and comes back, and nobody overwrites what they missed."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest

from commonweal.governance.application.model import SECTIONS
from tests.applications import content_data
from tests.web.applications.conftest import begin, fill
from tests.web.conftest import Page

HOSTILE = "<script>alert(1)</script> {{7*7}} '; DROP TABLE x; -- \u202e\x00 \U0001f986 ñ"


def draft_of(reference: str) -> Any:
    from commonweal.web.applications.models import Draft

    return Draft.objects.get(application__reference=reference)


def boxes(client: Any, path: str) -> dict[str, list[str]]:
    """The fields of the page's form as a browser would send them back, unchanged."""
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.content[:500])
    page = Page(answer)
    found: dict[str, list[str]] = {}
    for tag, attributes in page.tags:
        name, kind = attributes.get("name"), attributes.get("type")
        if tag != "input" or not name or name == "csrfmiddlewaretoken":
            continue
        if kind in ("radio", "checkbox") and "checked" not in attributes:
            continue
        found.setdefault(name, []).append(attributes.get("value") or "")
    for name, text in re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>(.*?)</textarea>', page.html,
                                 re.DOTALL):  # fmt: skip
        found.setdefault(html.unescape(name), []).append(html.unescape(text))
    for name, inner in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', page.html,
                                  re.DOTALL):  # fmt: skip
        chosen = re.findall(r'<option value="([^"]*)" selected', inner)
        found.setdefault(html.unescape(name), []).extend(html.unescape(one) for one in chosen)
    return found


# --- beginning --------------------------------------------------------------------------------


def test_an_application_begins_empty_and_in_the_list(amara: Any) -> None:
    start = Page(amara.get("/applications/start/")).text
    for heading in ("What you need", "How long it takes", "What happens next"):
        assert heading in start
    reference = begin(amara)
    listed = Page(amara.get("/applications/")).text
    assert reference in listed
    assert "Application without a title" in listed
    shown = Page(amara.get(f"/applications/{reference}/")).text
    for words in ("Before you begin Not started", "Which data, and why each is needed Not started",
                  "Your organisation In progress", "Send Cannot start yet"):  # fmt: skip
        assert words in shown
    assert draft_of(reference).content["organisation"]["kind"] == "university"


@pytest.mark.parametrize("who", ["bethan", "edward", "grace", "owen"])
def test_only_an_applicant_begins(browser_of: Any, who: str) -> None:
    client = browser_of(who)
    assert client.post("/applications/start/").status_code == 403
    assert Page(client.get("/applications/")).every("a", href="/applications/start/") == []


def test_nobody_begins_without_signing_in(clock: Any) -> None:
    from tests.web.conftest import new_client

    for path in ("/applications/", "/applications/start/", "/applications/a-x/"):
        answer = new_client().get(path)
        assert answer.status_code == 302
        assert "/account/login/" in answer["Location"]


# --- the route finder -------------------------------------------------------------------------


def test_the_questions_come_one_by_one_and_lead_to_a_route(amara: Any) -> None:
    base = f"/applications/{begin(amara)}"
    path = f"{base}/route/"
    for number, answer in enumerate(["others", "records", "yes", "no", "no", "yes", "no"], 1):
        page = amara.get(path, follow=True)
        assert f"Question {number} of 7" in Page(page).text
        at = page.redirect_chain[-1][0] if page.redirect_chain else path
        done = amara.post(at, {"answer": answer, "seen": boxes(amara, at)["seen"][0]})
        assert done.status_code == 302
        path = done["Location"]
    shown = Page(amara.get(path, follow=True)).text
    assert "Section 251 support, decided by the Health Research Authority" in shown
    assert "Nothing can be sent before you have" in shown
    assert "CAG reference" in shown


@pytest.mark.parametrize("answer", ["", "maybe", "true", HOSTILE])
def test_an_answer_that_is_none_is_said_and_nothing_changes(amara: Any, answer: str) -> None:
    reference = begin(amara)
    at = f"/applications/{reference}/route/identifiable/"
    page = amara.post(at, {"answer": answer, "seen": boxes(amara, at)["seen"][0]})
    assert page.status_code == 200
    assert "Choose one of the answers." in Page(page).text
    assert "route" not in draft_of(reference).content


# --- sections ---------------------------------------------------------------------------------

PAGES = [
    *(f"parts/{name}/" for name in SECTIONS
      if name not in ("route", "people", "places", "flows", "documents", "declarations")),
    "parts/people/0/", "parts/places/0/", "parts/flows/0/", "parts/documents/1/",
    "groups/0/", "groups/1/", "groups/1/0/", "cohort/",
]  # fmt: skip


def test_a_page_that_is_saved_unchanged_changes_nothing(amara: Any) -> None:
    reference = begin(amara)
    fill(reference)
    before = draft_of(reference).content
    for number, path in enumerate(PAGES, 1):
        at = f"/applications/{reference}/{path}"
        assert amara.post(at, boxes(amara, at)).status_code == 302, path
        after = draft_of(reference)
        assert after.content == before, path
        assert after.revision == number


def test_what_is_typed_is_saved_whatever_it_is(amara: Any) -> None:
    reference = begin(amara)
    at = f"/applications/{reference}/parts/period/"
    sent = {
        **boxes(amara, at),
        "period.starts.day": "31", "period.starts.month": "2", "period.starts.year": "2026",
        "period.ends.day": "x", "period.ends.month": "", "period.ends.year": "26",
        "period.why_so_long": HOSTILE + "w" * 30_000,
        "period.review_dates": "2026-09-01\r\nnext year",
    }  # fmt: skip
    assert amara.post(at, sent).status_code == 302
    again = boxes(amara, at)
    assert again["period.starts.day"] == ["31"]
    assert again["period.starts.year"] == ["2026"]
    assert [again[f"period.ends.{box}"] for box in ("day", "month", "year")] == [
        ["x"],
        [""],
        ["26"],
    ]
    assert again["period.why_so_long"] == [HOSTILE.replace("\x00", "\ufffd") + "w" * 30_000]
    assert again["period.review_dates"] == ["2026-09-01\nnext year"]
    page = Page(amara.get(at))
    assert "<script>alert" not in page.html
    assert "kept as it was typed" in page.text
    assert "In progress" in Page(amara.get(f"/applications/{reference}/")).text


@pytest.mark.parametrize("name", ["project", "purpose", "legal"])
def test_hostile_fields_never_break_a_page(amara: Any, name: str) -> None:
    reference = begin(amara)
    at = f"/applications/{reference}/parts/{name}/"
    sent = dict.fromkeys(boxes(amara, at), HOSTILE) | {
        f"{name}.codes": ["marketing", HOSTILE], f"{name}.0.0": "x", f"{name}.": "x", "": "y",
        f"{name}.cag.items": "a\n" * 50,
        "add": HOSTILE, "seen": boxes(amara, at)["seen"],
    }  # fmt: skip
    answer = amara.post(at, sent)
    assert answer.status_code == 302
    assert amara.get(answer["Location"]).status_code == 200
    assert amara.get(f"/applications/{reference}/check/").status_code == 200
    assert amara.get(f"/applications/{reference}/").status_code == 200


def test_a_purpose_that_is_never_allowed_is_refused_with_a_plain_reason(amara: Any) -> None:
    reference = begin(amara)
    at = f"/applications/{reference}/parts/purpose/"
    sent = {**boxes(amara, at), "purpose.codes": ["research", "insurance"]}
    assert amara.post(at, sent).status_code == 302
    said = "Patient data are never used for insurance. No reason and no committee can change that."
    assert said in Page(amara.get(at)).text
    assert boxes(amara, at)["purpose.codes"] == ["research", "insurance"]
    assert said in Page(amara.post(f"/applications/{reference}/send/")).text


def test_rows_come_and_go_without_scripts(amara: Any) -> None:
    reference = begin(amara)
    at = f"/applications/{reference}/parts/responsible/"
    sent = {**boxes(amara, at), "responsible.controllers.0.name": "First", "add":
            "responsible.controllers"}  # fmt: skip
    more = amara.post(at, sent)["Location"]
    assert "more=responsible.controllers" in more
    sent = {**boxes(amara, more), "responsible.controllers.1.name": "Second"}
    assert amara.post(at, sent)["Location"].endswith(f"{reference}/")
    sent = {**boxes(amara, at), "remove": "responsible.controllers.0"}
    assert amara.post(at, sent)["Location"] == at
    kept = draft_of(reference).content["responsible"]["controllers"]
    assert [one["name"] for one in kept] == ["Second"]


def test_items_are_added_changed_and_taken_away(amara: Any) -> None:
    reference = begin(amara)
    base = f"/applications/{reference}/parts/people/"
    for name in ("One", "Two"):
        sent = {**boxes(amara, f"{base}new/")}
        count = len(draft_of(reference).content.get("people", []))
        sent[f"people.{count}.name"] = name
        assert amara.post(f"{base}new/", sent)["Location"] == base
    assert "One" in Page(amara.get(base)).text
    gone = {**boxes(amara, f"{base}0/"), "remove": "people.0"}
    assert amara.post(f"{base}0/", gone)["Location"] == base
    assert [one["name"] for one in draft_of(reference).content["people"]] == ["Two"]
    assert amara.get(f"{base}1/").status_code == 404
    # Who types nothing adds nobody.
    assert amara.post(f"{base}new/", boxes(amara, f"{base}new/")).status_code == 302
    assert len(draft_of(reference).content["people"]) == 1


def test_no_applicant_writes_what_the_hospital_checks(amara: Any) -> None:
    reference = begin(amara)
    fill(reference)
    at = f"/applications/{reference}/parts/documents/0/"
    sent = {**boxes(amara, at), "documents.0.checked_by": "Me", "documents.0.checked_on.day": "1"}
    amara.post(at, sent)
    before = content_data()["documents"][0]
    assert draft_of(reference).content["documents"][0] == before
    # Another version of the document is not the one that somebody looked at.
    amara.post(at, {**boxes(amara, at), "documents.0.version": "2.0"})
    after = draft_of(reference).content["documents"][0]
    assert after["version"] == "2.0"
    assert "checked_by" not in after
    assert "checked_on" not in after
    at = f"/applications/{reference}/parts/places/0/"
    amara.post(at, {**boxes(amara, at), "places.0.assurance.year": "2024-25",
                    "places.0.assurance.accepted_by": "Me"})  # fmt: skip
    shown = draft_of(reference).content["places"][0]["assurance"]
    assert shown["year"] == "2024-25"
    assert not {"checked_by", "accepted_by"} & set(shown)


# --- data -------------------------------------------------------------------------------------


def test_variables_are_chosen_from_the_catalogue_with_reasons(amara: Any) -> None:
    reference = begin(amara)
    base = f"/applications/{reference}"
    at = f"{base}/parts/data/"
    amara.post(at, {**boxes(amara, at), "data.dataset": "hospital", "data.genomic": "no"})
    group = f"{base}/groups/0/"
    page = Page(amara.get(group))
    assert "born: could help" in page.text or "born:" in page.text
    assert "needs its own reason" in page.text
    born, sex = json.dumps(["patients", "born"]), json.dumps(["patients", "sex"])
    sent = {**boxes(amara, group), "data.groups.0.analysis_role": "confounder",
            "data.groups.0.reason": "Age matters.",
            "data.groups.0.variables": [born, sex]}  # fmt: skip
    assert amara.post(group, sent)["Location"] == group
    one = f"{base}/groups/0/0/"
    assert "Age group" in Page(amara.get(one)).text
    assert "Why it is needed" in Page(amara.get(one)).text
    sent = {**boxes(amara, one), "data.groups.0.variables.0.form": "age_band(5,90)",
            "data.groups.0.variables.0.why": "It changes the outcome."}  # fmt: skip
    assert amara.post(one, sent)["Location"] == group
    # A variable that goes and one that stays: what was said of the one that stays is still there.
    sent = {**boxes(amara, group), "data.groups.0.variables": [born]}
    amara.post(group, sent)
    (kept,) = draft_of(reference).content["data"]["groups"]
    assert kept["variables"] == [
        {"table": "patients", "variable": "born", "form": "age_band(5,90)",
         "why": "It changes the outcome."}
    ]  # fmt: skip
    # Saving the section itself leaves the groups alone.
    amara.post(at, boxes(amara, at))
    assert draft_of(reference).content["data"]["groups"] == [kept]
    # A variable that the catalogue does not have is said, and is not lost.
    amara.post(group, {**boxes(amara, group), "data.groups.0.variables": [born, "no such"]})
    assert "no such" in Page(amara.get(group)).text


def test_figures_of_the_catalogue_are_on_no_page(amara: Any) -> None:
    reference = begin(amara)
    at = f"/applications/{reference}/parts/data/"
    amara.post(at, {**boxes(amara, at), "data.dataset": "odd"})
    for path in ("parts/data/", "groups/0/", "cohort/"):
        text = amara.get(f"/applications/{reference}/{path}").content.decode()
        assert "31337" not in text
        assert "31,337" not in text
        assert "secret-place" not in text


def test_the_rule_for_people_is_put_together(amara: Any) -> None:
    reference = begin(amara)
    at = f"/applications/{reference}/cohort/"
    amara.post(f"/applications/{reference}/parts/data/",
               {**boxes(amara, f"/applications/{reference}/parts/data/"),
                "data.dataset": "hospital"})  # fmt: skip
    sent = {**boxes(amara, at), "row.0.place": json.dumps(["admissions", "diagnosis"]),
            "row.0.op": "in", "row.0.value": "J45, J46"}  # fmt: skip
    assert amara.post(at, sent).status_code == 302
    stored = draft_of(reference).content["subjects"]["cohort"]
    assert stored == {"where": {"table": "admissions", "variable": "diagnosis", "op": "in",
                                "value": ["J45", "J46"]}}  # fmt: skip
    assert "The rule now:" in Page(amara.get(at)).text
    # Half a condition is no rule; it is kept and shown.
    amara.post(at, {**boxes(amara, at), "row.1.value": "half"})
    assert boxes(amara, at)["row.1.value"] == ["half"]
    amara.post(at, {**boxes(amara, at), "join": "everyone"})
    assert boxes(amara, at)["row.0.value"] == ["J45, J46"]


# --- forms ------------------------------------------------------------------------------------


def test_forms_keep_everything_and_their_tables_grow(amara: Any) -> None:
    from commonweal.governance.forms.library.shelf import our_library

    reference = begin(amara)
    form = our_library().form("dpia")
    section, table = next((s, q) for s, q in form.placed()
                          if q.columns is not None and q.shown_when is None
                          and s.shown_when is None)  # fmt: skip
    at = f"/applications/{reference}/forms/dpia/{section.id}/"
    column = next(c for c in table.columns or () if c.kind in ("short_text", "long_text"))
    name = f"{table.id}-1-{column.id}"
    sent = {**boxes(amara, at), name: HOSTILE + "w " * 4000, "add": table.id}
    more = amara.post(at, sent)["Location"]
    assert f"more={table.id}" in more
    assert f"{table.id}-2-{column.id}" in boxes(amara, more)
    amara.post(at, {**boxes(amara, more), f"{table.id}-2-{column.id}": "Second"})
    again = boxes(amara, at)
    assert again[name][0].strip() == (HOSTILE.replace("\x00", "\ufffd") + "w " * 4000).strip()
    amara.post(at, {**boxes(amara, at), "remove": f"{table.id}-1"})
    again = boxes(amara, at)
    assert again[name] == ["Second"]
    shown = Page(amara.get(f"/applications/{reference}/forms/dpia/")).text
    assert "In progress" in shown


def test_a_form_saved_unchanged_is_the_same(amara: Any) -> None:
    from commonweal.governance.forms.library.shelf import our_library

    reference = begin(amara)
    fill(reference)
    before = draft_of(reference).forms
    for section in our_library().form("dpia").sections:
        at = f"/applications/{reference}/forms/dpia/{section.id}/"
        if amara.get(at).status_code == 200:
            assert amara.post(at, boxes(amara, at)).status_code == 302
    assert draft_of(reference).forms["dpia"]["values"] == before["dpia"]["values"]
    assert draft_of(reference).revision > 3


def test_the_ai_form_is_asked_where_ai_is(amara: Any) -> None:
    reference = begin(amara)
    assert amara.get(f"/applications/{reference}/forms/aia/").status_code == 404
    fill(reference, content_data(route__ai=True), forms=False)
    assert amara.get(f"/applications/{reference}/forms/aia/").status_code == 200
    shown = Page(amara.get(f"/applications/{reference}/")).text
    assert "Algorithmic impact assessment" in shown


@pytest.mark.parametrize("path", ["forms/none/", "forms/member-review/", "forms/dpia/none/",
                                  "parts/kept/", "parts/none/", "route/none/", "groups/3/",
                                  "groups/0/0/", "parts/people/0/", "versions/1/", "sent/1/",
                                  "changes/1/2/", "parts/route/new/"])  # fmt: skip
def test_what_is_not_there_is_not_found(amara: Any, path: str) -> None:
    assert amara.get(f"/applications/{begin(amara)}/{path}").status_code == 404


# --- two people at once -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "field"),
    [("parts/project/", "project.title"), ("parts/people/0/", "people.0.name"),
     ("groups/1/", "data.groups.1.reason"), ("groups/1/0/", "data.groups.1.variables.0.why"),
     ("forms/dpia/{section}/", "{question}"), ("cohort/", "row.0.value")],
)  # fmt: skip
def test_the_second_saving_says_so_and_both_texts_are_there(
    amara: Any, path: str, field: str
) -> None:
    from commonweal.governance.forms.library.shelf import our_library

    form = our_library().form("dpia")
    section, question = next((s, q) for s, q in form.placed() if q.kind == "long_text"
                             and q.shown_when is None and s.shown_when is None)  # fmt: skip
    path = path.format(section=section.id)
    field = field.format(question=question.id)
    reference = begin(amara)
    fill(reference)
    at = f"/applications/{reference}/{path}"
    first, second = boxes(amara, at), boxes(amara, at)
    assert amara.post(at, {**first, field: "Theirs, saved first"}).status_code == 302
    stored = draft_of(reference)
    answer = amara.post(at, {**second, field: "Mine, saved second"})
    assert answer.status_code == 200
    page = Page(answer)
    assert "Somebody else saved this page while you were writing" in page.text
    assert "Theirs, saved first" in page.text
    assert "Mine, saved second" in page.html
    now = draft_of(reference)
    assert (now.content, now.forms, now.revision) == (stored.content, stored.forms, stored.revision)
    seen = page.every("input", name="seen")[0]["value"]
    assert amara.post(at, {**second, "seen": seen, field: "Both"}).status_code == 302
    assert boxes(amara, at)[field] == ["Both"]


def test_two_people_on_two_pages_do_not_disturb_each_other(amara: Any) -> None:
    reference = begin(amara)
    one, two = (f"/applications/{reference}/parts/{name}/" for name in ("project", "retention"))
    first, second = boxes(amara, one), boxes(amara, two)
    amara.post(one, {**first, "project.title": "Title"})
    amara.post(two, {**second, "retention.how": "Shredded"})
    content = draft_of(reference).content
    assert content["project"]["title"] == "Title"
    assert content["retention"]["how"] == "Shredded"


def test_a_page_that_does_not_say_what_it_saw_changes_nothing(amara: Any) -> None:
    reference = begin(amara)
    fill(reference)
    before = draft_of(reference).content
    answer = amara.post(f"/applications/{reference}/parts/project/", {"project.title": "Blind"})
    assert answer.status_code == 200
    assert draft_of(reference).content == before


def test_a_draft_that_others_save_all_the_time_is_not_half_saved(
    amara: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.web.applications import services

    reference = begin(amara)
    at = f"/applications/{reference}/parts/project/"
    sent = {**boxes(amara, at), "project.title": "Mine"}
    kept = services.part_at

    def meanwhile(typed: Any, path: Any) -> Any:
        from django.db.models import F

        from commonweal.web.applications.models import Draft

        Draft.objects.filter(application__reference=reference).update(revision=F("revision") + 1)
        return kept(typed, path)

    monkeypatch.setattr(services, "part_at", meanwhile)
    answer = amara.post(at, sent)
    assert answer.status_code == 500
    assert "Nothing of yours was saved." in Page(answer).text
    assert "project" not in draft_of(reference).content


@pytest.mark.parametrize(
    ("section", "told"),
    [("equality/who", True), ("dpia/necessity", True), ("aia/data", True), ("dpia/risks", False)],
)
def test_who_may_be_missing_stands_beside_the_questions_about_it(
    amara: Any, section: str, told: bool
) -> None:
    known_as, content = begin(amara), content_data()
    content["route"]["ai"] = True
    fill(known_as, content)
    page = Page(amara.get(f"/applications/{known_as}/forms/{section}/"))
    assert ("Who may be missing from these data" in page.text) == told
    assert ("about 420 people" in page.text) == told, "figures of the whole dataset, made before"
