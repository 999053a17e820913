"""Judging: the form, what is signed, who may, changing a vote, and all the way to a recall."""

from __future__ import annotations

import json
from typing import Any

import pytest

from commonweal.papers.output_manifest import OutputReview
from tests.web.conftest import Page
from tests.web.outputs.review_house import OUT, furnish, heard, papers, signed_in, vote
from tests.web.outputs.room import Airlock

ADDRESS = f"/outputs/review/{OUT}/"
NEEDED = ("born.json", "born.csv", "costs.json", "costs.csv", "plain.csv", "audit")


def sent(verdict: str = "return", **changed: Any) -> dict[str, Any]:
    """What a browser sends, with a reason where one is needed."""
    plain: dict[str, Any] = {"seen": papers().digest, "verdict": verdict}
    if verdict in ("return", "reject"):
        plain["reasons"] = ["small_counts_shown"]
    if verdict == "approve":
        plain |= {f"override-{place}": "wrongly_found" for place in range(1, len(NEEDED) + 1)}
    return {name: value for name, value in (plain | changed).items() if value is not None}


def acts() -> list[Any]:
    from commonweal.web.signing.models import Act

    return list(Act.objects.filter(kind="review_output").order_by("made_at"))


def signed_review() -> OutputReview:
    (act,) = acts()
    return OutputReview.read(json.loads(bytes(act.content)), "The review")


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("verdict", ["approve", "return", "reject", "conflicted"])
def test_each_verdict_leads_to_signing_what_was_chosen(verdict: str) -> None:
    furnish()
    answer = signed_in("tara").post(ADDRESS, sent(verdict, to_author="Round it.", note="Look."))
    (act,) = acts()
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/sign/{act.pk}/"
    review = signed_review()
    assert (act.verdict, act.role, act.subject) == (verdict, "output_checker", OUT)
    assert act.object_digest == review.manifest == papers().digest
    assert review.findings == papers().manifest.findings
    assert (review.to_author, review.note) == ("Round it.", "Look.")
    assert {one.what for one in review.overrides} == (
        set(NEEDED) if verdict == "approve" else set()
    )
    assert bool(review.reasons) is (verdict in ("return", "reject"))


@pytest.mark.usefixtures("db")
def test_reasons_about_one_file_are_signed_with_its_name() -> None:
    furnish()
    more = {"reasons": ["context_missing"], "file-2": ["small_counts_shown", "too_large"]}
    assert signed_in("tara").post(ADDRESS, sent(**more)).status_code == 302
    found = {(one.file, one.reason) for one in signed_review().reasons}
    assert found == {
        (None, "context_missing"), ("costs.csv", "small_counts_shown"), ("costs.csv", "too_large"),
    }  # fmt: skip


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("nothing chosen", {"verdict": None, "reasons": None}, "Choose what you say."),
    ("a verdict of one's own", {"verdict": "release"}, "not one of the available choices"),
    ("no reason to return", {"reasons": None}, "Choose at least one reason."),
    ("no reason to reject", {"verdict": "reject", "reasons": None}, "Choose at least one reason."),
    ("a reason of one's own", {"reasons": ["i_do_not_like_it"]}, "not one of the available"),
    ("a reason of one's own for a file", {"file-1": ["nice"]}, "not one of the available"),
    ("approving with reasons against", sent("approve") | {"reasons": ["too_large"]},
     "You ticked reasons against it."),
    ("approving with a file's reasons", sent("approve") | {"file-1": ["too_large"]},
     "You ticked reasons against it."),
    ("approving and not overriding a file", sent("approve") | {"override-2": ""},
     "Choose why it may leave although this failed: born.csv."),
    ("approving and not overriding the audit", sent("approve") | {"override-6": ""},
     "although this failed: what follows together with what has left."),
    ("an override of one's own", sent("approve") | {"override-1": "because"},
     "not one of the available"),
    ("words without end", {"to_author": "x" * 4_001}, "at most 4000 characters"),
]  # fmt: skip


@pytest.mark.usefixtures("db")
def test_what_is_not_whole_is_not_signed_and_the_page_says_what_is_missing() -> None:
    furnish()
    tara = signed_in("tara")
    for what, changed, sentence in WRONG:
        answer = tara.post(ADDRESS, sent(**changed))
        page = Page(answer)
        assert answer.status_code == 200, what
        assert sentence in page.text, what
        assert "There is a problem" in page.text, what
        assert page.html.count("<title>Error: ") == 1, what
        assert "The checks say:" in page.text, what  # what was found stays before their eyes
        # Each link of the summary leads to something on the page.
        ids = {one.get("id") for _, one in page.tags}
        summary = page.html.split("nhsuk-error-summary__list")[1].split("</ul>")[0]
        assert all(part.split('"')[0] in ids for part in summary.split('href="#')[1:]), what
    assert acts() == []


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("seen", ["", "sha256:" + "0" * 64, None])
def test_a_page_of_another_turn_judges_nothing(seen: str | None) -> None:
    furnish()
    answer = signed_in("tara").post(ADDRESS, sent(seen=seen))
    assert answer.status_code == 400
    assert "changed since you opened the page" in Page(answer).text
    assert acts() == []


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("who", ["edward", "rosa", "owen", "farah", "amara", "mary"])
def test_nobody_else_judges(who: str) -> None:
    furnish()
    assert signed_in(who).post(ADDRESS, sent()).status_code in (403, 404, 409)
    assert acts() == []


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    "state", ["draft", "approved", "releasing", "released", "returned", "rejected", "expired"]
)
def test_nobody_judges_what_does_not_wait(state: str) -> None:
    furnish(state)
    assert signed_in("tara").post(ADDRESS, sent()).status_code in (403, 404, 409)
    assert acts() == []


@pytest.mark.usefixtures("db")
def test_a_second_click_and_a_second_browser_do_no_harm() -> None:
    from commonweal.web.signing.models import SIGNED

    furnish()
    tara, other = signed_in("tara"), signed_in("tara")
    assert tara.post(ADDRESS, sent()).status_code == 302
    assert other.post(ADDRESS, sent("reject")).status_code == 302
    first = acts()[0]  # both wait for a signature; the first is signed
    first.state = SIGNED
    first.save()
    answer = other.post(ADDRESS, sent("approve"))
    assert answer.status_code == 400
    assert "Your vote is on its way." in Page(answer).text
    assert len(acts()) == 2


@pytest.mark.usefixtures("db")
def test_who_has_judged_reads_it_and_can_change_it_until_two_have() -> None:
    furnish(votes=[vote("tara", "reject", 1)])
    heard("tara", "reject", 1)
    tara = signed_in("tara")
    text = Page(tara.get(ADDRESS)).text
    assert "You have judged it." in text
    assert "It may not leave" in text
    assert "What people said" not in text
    assert tara.post(ADDRESS, sent("return")).status_code == 302


@pytest.mark.usefixtures("db")
def test_two_who_disagree_stand_beside_each_other_and_can_judge_again() -> None:
    furnish("consolidating", votes=[
        vote("tara", "approve", 1, note="A hospital cannot be recognised."),
        vote("umar", "reject", 2, to_author="Wards are too small."),
        vote("umar", "return", 3, to_author="Put wards together."),
    ])  # fmt: skip
    for who in ("tara", "umar"):
        text = Page(signed_in(who).get(ADDRESS)).text
        for words in ("Tara Singh", "Umar Farouk", "A hospital cannot be recognised.",
                      "Put wards together.", "born.csv (fails): The check was wrong",
                      "Judge it again"):  # fmt: skip
            assert words in text, (who, words)
        assert "Wards are too small." not in text  # the newest of each person counts
    assert signed_in("umar").post(ADDRESS, sent("approve")).status_code == 302


@pytest.mark.usefixtures("db")
def test_what_was_typed_stays_and_is_text() -> None:
    furnish()
    nasty = "</textarea><script>alert(1)</script>"
    page = Page(signed_in("tara").post(ADDRESS, sent(reasons=None, to_author=nasty)))
    assert "<script>alert(1)" not in page.html
    assert "&lt;script&gt;alert(1)" in page.html


@pytest.mark.usefixtures("db")
def test_what_people_said_before_stands_on_the_next_turn() -> None:
    from tests.output_papers import H

    row = furnish()
    for number, who in enumerate(("tara", "umar"), start=1):
        act = heard(who, "return", number, to_author=f"Words {number}.")
        act.object_digest = H(99)
        act.save()
    turn_two(row, H(99))
    text = Page(signed_in("tara").get(ADDRESS)).text
    assert "Why it came back" in text
    assert "Words 1." in text
    acts()[0].delete()
    text = Page(signed_in("umar").get(ADDRESS)).text
    assert "The attempt before ended before two people had judged it." in text
    assert "Words 2." not in text


def turn_two(row: Any, previous: str) -> None:
    """The same output on its second turn."""
    from commonweal.papers.output_manifest import Findings, OutputManifest

    found = papers()
    findings = Findings.read(found.findings.plain() | {"turn": 2}, "F")
    changed = {"turn": 2, "previous": previous, "findings": findings.digest()}
    manifest = OutputManifest.read(found.manifest.plain() | changed, "M")
    row.turn, row.digest = 2, manifest.digest()
    row.save()
    row.papers.turn, row.papers.manifest = 2, manifest.plain()
    row.papers.findings = findings.plain()
    row.papers.save()


# --- the whole way, with signer, ledger and airlock -------------------------------------------


def judge(airlock: Airlock, who: str, output: str, **said: Any) -> None:
    """Somebody judges by the page, signs, and the airlock counts."""
    from commonweal.web.outputs.models import Output
    from tests.web.signing_room import sign_now

    given = {"seen": Output.objects.get(reference=output).digest} | said
    answer = signed_in(who).post(f"/outputs/review/{output}/", given)
    assert answer.status_code == 302, Page(answer).text
    act = sign_now(airlock.home, answer.headers["Location"].split("/")[-2])
    assert act.state == "heard", act.sentence
    airlock.later(seconds=5)
    airlock.work(2)


def test_two_people_let_it_leave_and_one_recalls_it(airlock: Airlock) -> None:
    from commonweal.web.outputs.models import Output
    from tests.web.signing_room import sign_now

    airlock.job()
    airlock.checked()
    row = airlock.submitted()
    address = f"/outputs/review/{row.reference}/"
    text = Page(signed_in("umar").get(address)).text
    assert "The checks say: ✓ Passes" in text
    # The figures, held to the fingerprint of the real file.
    assert "they are the same" in Page(signed_in("umar").get(f"{address}files/1")).text
    whole = Page(signed_in("umar").get(f"{address}files/1/text")).text
    assert "It is the file that would leave, held to its fingerprint." in whole
    judge(airlock, "tara", row.reference, verdict="approve")
    assert Output.objects.get(pk=row.pk).state == "in_review"
    judge(airlock, "umar", row.reference, verdict="approve")
    assert Output.objects.get(pk=row.pk).state == "released"
    edward = signed_in("edward")
    text = Page(edward.get(address)).text
    assert "Tara Singh" in text
    assert "Umar Farouk" in text
    assert row.title in Page(edward.get("/outputs/review/left")).text
    empty = edward.post(f"{address}recall", {"reasons": ""})
    assert "Say why it should not have left." in Page(empty).text
    answer = edward.post(f"{address}recall", {"reasons": "A ward was too small."})
    assert sign_now(airlock.home, answer.headers["Location"].split("/")[-2]).state == "heard"
    assert "The airlock does it now." in Page(edward.get(address)).text
    airlock.work(2)
    text = Page(edward.get(address)).text
    assert "A ward was too small." in text
    assert "Nobody had fetched it here." in text
    assert edward.post(f"{address}recall", {"reasons": "Again."}).status_code in (403, 409)


def test_what_fails_comes_back_after_two_disagreed(airlock: Airlock) -> None:
    from commonweal.web.outputs.models import Output
    from tests.web.outputs.room import SMALL

    airlock.job(sexes_json=SMALL)
    airlock.checked()
    row = airlock.submitted()
    address = f"/outputs/review/{row.reference}/"
    tara = signed_in("tara")
    page = Page(tara.get(address))
    assert "The checks say: ✗ Fails" in page.text
    assert "review-cell--fail" in page.html
    needed = [one["name"] for one in page.every("select")]
    chosen = {str(name): "wrongly_found" for name in needed}
    judge(airlock, "tara", row.reference, verdict="approve", **chosen)
    before = Page(signed_in("umar").get(address)).text
    assert "Tara" not in before
    judge(airlock, "umar", row.reference, verdict="return", reasons=["small_counts_shown"])
    assert Output.objects.get(pk=row.pk).state == "consolidating"
    assert "Umar Farouk" in Page(tara.get(address)).text
    judge(airlock, "tara", row.reference, verdict="return", reasons=["small_counts_shown"])
    assert Output.objects.get(pk=row.pk).state == "returned"
    text = Page(tara.get(address)).text
    assert "A figure is about too few people." in text
    assert "What was found in" not in text
