"""What an author clicks, from a study that left something to files in hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.web.conftest import Page
from tests.web.outputs.room import SEXES, WORDS, Airlock, output
from tests.web.signing_room import sign_now

Browser = Callable[[str], Any]
SAID = {name: WORDS[name] for name in ("title", "context", "controls")} | {
    "files": ["sexes.json"]
}  # fmt: skip


def signed_on_page(airlock: Airlock, browser: Any, path: str) -> Any:
    """Press the button, and sign what comes of it."""
    answer = browser.post(path)
    assert answer.status_code == 302, answer.content
    assert "/sign/" in answer["Location"]
    act = answer["Location"].strip("/").split("/")[-1]
    assert "Ask that this output may leave" in Page(browser.get(answer["Location"])).text
    return sign_now(airlock.home, act)


def test_the_whole_way_by_its_pages(airlock: Airlock, browser_of: Browser) -> None:
    airlock.job(sexes_json=SEXES,
                more_csv="sex,n\nF,30\nM,30\n")  # fmt: skip
    from commonweal.web.outputs.models import OutputOrder

    amara = browser_of("amara")
    assert "Ask for its outputs" in Page(amara.get("/outputs/")).text
    page = Page(amara.get("/outputs/ask/job-1/"))
    assert [one["value"] for one in page.every("input", name="files")] == ["sexes.json", "more.csv"]
    wrong = Page(amara.post("/outputs/ask/job-1/", SAID | {"context": "", "files": []}))
    assert "Say what the figures are about." in wrong.text
    assert "Choose at least one file." in wrong.text
    assert amara.post("/outputs/ask/job-1/", SAID).status_code == 302
    assert "The checks are running" in Page(amara.get("/outputs/ask/job-1/")).text
    assert amara.post("/outputs/ask/job-1/", SAID).status_code == 302  # a second click
    assert OutputOrder.objects.count() == 1
    airlock.work()
    assert "The checks are running" in Page(amara.get("/outputs/ask/job-1/")).text
    airlock.quarter()
    airlock.work()
    assert amara.get("/outputs/ask/job-1/")["Location"] == "/outputs/job-1/"
    page = Page(amara.get("/outputs/job-1/"))
    assert "Sign and submit" in page.text
    assert output().manifest["files"] == [{"path": "sexes", "kind": "file"}]
    assert "sexes" in page.text
    assert signed_on_page(airlock, amara, "/outputs/job-1/submit").state == "heard"
    airlock.work(2)
    page = Page(amara.get("/outputs/job-1/"))
    assert "Two people are looking" in page.text
    # What the author left out is on the papers of those who look.
    assert output().papers.manifest["left_behind"] == ["more.csv"]
    for who in ("tara", "umar"):
        airlock.vote(who)
    airlock.work(3)
    page = Page(amara.get("/outputs/job-1/"))
    assert "It has left the hospital." in page.text
    assert amara.post("/outputs/job-1/download").status_code == 302
    assert amara.post("/outputs/job-1/download").status_code == 302  # a double click
    assert "Your files are made ready." in Page(amara.get("/outputs/job-1/")).text
    airlock.work()
    (link,) = [one for one in Page(amara.get("/outputs/job-1/")).every("a")
               if "/files/" in str(one["href"])]  # fmt: skip
    given = amara.get(link["href"])
    assert given["Content-Type"] == "application/zip"
    assert len(airlock.events("output.downloaded")) == 1
    assert browser_of("bethan").get(link["href"]).status_code == 404
    airlock.later(hours=1)
    assert amara.get(link["href"]).status_code != 200
    airlock.work()
    assert not OutputOrder.objects.filter(content__isnull=False).exists()


def test_an_output_comes_back_and_is_asked_for_again(airlock: Airlock, browser_of: Browser) -> None:
    airlock.job()
    airlock.checked()
    airlock.submitted()
    airlock.vote("tara", verdict="return", to_author="Which year is it?", note="Odd.")
    airlock.work()
    amara = browser_of("amara")
    page = Page(amara.get("/outputs/job-1/"))
    assert "Which year" not in page.html
    assert "Two people are looking" in page.text
    airlock.vote("umar", verdict="return")
    airlock.work(2)
    page = Page(amara.get("/outputs/job-1/"))
    assert "Came back to you" in page.text
    assert "Which year is it?" in page.text
    assert "It is not clear what the figures are about." in page.text
    for hidden in ("Odd.", "Tara", "Umar", "tara", "umar"):
        assert hidden not in page.text
    again = amara.post("/outputs/ask/job-1/?again=1", SAID | {"context": "Who came in 2025."})
    assert again.status_code == 302
    airlock.work()
    assert output().state == "returned"
    airlock.quarter()
    airlock.work()
    row = output()
    assert (row.state, row.turn, row.told) == ("draft", 2, None)
    airlock.work()
    assert output().state == "draft", "the turn that came back does not take its place"
    row = airlock.submitted()
    assert (row.state, row.turn, row.papers.turn) == ("in_review", 2, 2)


def test_taken_back(airlock: Airlock, browser_of: Browser) -> None:
    airlock.job()
    airlock.checked()
    airlock.submitted()
    amara = browser_of("amara")
    assert "This cannot be undone." in Page(amara.get("/outputs/job-1/withdraw")).text
    signing = amara.post("/outputs/job-1/withdraw")
    assert signing.status_code == 302
    act = signing["Location"].rstrip("/").rpartition("/")[2]
    assert "Take this output back" in Page(amara.get(signing["Location"])).text
    sign_now(airlock.home, act)
    assert "It is being taken back." in Page(amara.get("/outputs/job-1/")).text
    airlock.work(2)
    page = Page(amara.get("/outputs/job-1/"))
    assert "It was taken back" in page.text
    from commonweal.web.outputs.models import ReviewPapers

    assert not ReviewPapers.objects.exists()
    # The same files can be asked for again, as another output.
    order = airlock.checked()
    assert (order.output, order.state) == ("job-1.2", "done")


def test_a_recall_stops_the_links(airlock: Airlock, browser_of: Browser) -> None:
    from commonweal.papers.output_manifest import OutputRecall
    from commonweal.web.outputs import services
    from commonweal.web.signing.services import propose
    from tests.web.outputs.room import person

    airlock.job()
    airlock.released()
    amara = browser_of("amara")
    wanted = services.ask_download(person("amara"), output())
    airlock.work()
    assert amara.get(f"/outputs/job-1/files/{wanted.pk}").status_code == 200
    paper = OutputRecall.read(
        {"output_recall": 1, "output": "job-1", "reasons": "A count was of three people.",
         "at": "2026-03-02T09:00:00.000Z"}, "The recall",
    )  # fmt: skip
    act = propose(
        person("tara"), "output_checker", "recall_output", "recall", subject="job-1",
        object_digest=paper.digest(), back="/", wish={"recall": paper.plain()},
    )  # fmt: skip
    assert sign_now(airlock.home, act).state == "heard"
    airlock.work(2)
    row = output()
    assert (row.state, row.recall) == ("recalled", "A count was of three people.")
    assert amara.get(f"/outputs/job-1/files/{wanted.pk}").status_code != 200
    page = Page(amara.get("/outputs/job-1/"))
    assert "A count was of three people." in page.text
    assert "Get the files" not in page.text


@pytest.mark.parametrize("step", ["suspend", "revoke"])
def test_a_stop_of_the_permit_stops_files_that_were_ready(
    airlock: Airlock, browser_of: Browser, step: str
) -> None:
    """They lie ready for an hour; the stop counts at once (S12)."""
    from commonweal.web.outputs import services
    from tests.web.outputs.room import PERMIT, person
    from tests.web.releases.room import Room

    airlock.job()
    airlock.released()
    amara = browser_of("amara")
    wanted = services.ask_download(person("amara"), output())
    airlock.work()
    address = f"/outputs/job-1/files/{wanted.pk}"
    assert amara.get(address).status_code == 200
    Room(airlock.home).stop(step, PERMIT)
    answer = amara.get(address)
    assert answer.status_code != 200
    assert not answer.content.startswith(b"PK")
