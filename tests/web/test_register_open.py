"""Files that anybody may take, checking an entry, and the lists over the whole register."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from tests.unit.papers.test_open_register import corrected_flat, corrected_safes, faults
from tests.web.test_register_decisions import decided

MONEY = {
    "funders": [{"funder": "=Asthma Trust", "kind": "charity", "amount": 5_000_000}],
    "any_gain": True,
    "gains": [{"who": "Breath <b>Ltd</b>", "how": "By selling a device.", "share": "Free use"}],
    "rights": "The hospital and the university together.",
}
GOOD = {
    "summary": "Fewer people with asthma have to come at night.",
    "benefits": [{"benefit": "Earlier help", "who": "People with asthma", "measure": "By audit",
                  "by": "2027-01-01"}],
    "company_gain": "A better device.", "nhs_share": "A lower price.",
}  # fmt: skip


def rows(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


def test_the_table_has_every_project_with_what_was_decided(client: Any) -> None:
    decided(None, answers={"funding": MONEY, "benefits": GOOD})
    told = {one["Project ID"]: one for one in rows(client.get("/projects/projects.csv"))}
    assert {"permit-0", "permit-1", "permit-2", "permit-3"} <= told.keys()
    one = told["permit-1"]
    assert one["Public Benefit Statement"] == GOOD["summary"]
    assert one["Funders/Sponsors"] == "'=Asthma Trust"
    assert one["Decision"] == "approved"
    assert one["Reasons"] == "Patients come first."
    assert one["Permit hash"].startswith("sha256:")
    assert told["permit-2"]["Status"] == "ARCHIVED"
    assert told["permit-3"]["Status"] == "ACTIVE"


def test_no_cell_of_any_table_runs_as_a_formula(client: Any) -> None:
    decided(None, application="no", outcome="reject")
    decided(None, answers={"benefits": GOOD | {"summary": "@SUM(1+1)*cmd|' /C calc'!A0"}})
    for address in ("projects.csv", "refused.csv"):
        answer = client.get(f"/projects/{address}")
        cells = [cell for line in rows(answer) for cell in line.values()]
        assert cells
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)
    assert "'@SUM(1+1)" in client.get("/projects/projects.csv").content.decode()


def test_both_documents_of_hdr_uk_are_valid_for_every_project(client: Any) -> None:
    decided(None, answers={"funding": MONEY, "benefits": GOOD})
    for name, schema in (("hdruk", corrected_flat()), ("hdruk-1.0.0", corrected_safes())):
        answer = client.get(f"/projects/projects.{name}.json")
        told = json.loads(answer.content)
        assert len(told) >= 4
        assert [fault for one in told for fault in faults(schema, one)] == []


def test_the_feed_has_each_project_with_an_address(client: Any) -> None:
    feed = ET.fromstring(client.get("/projects/projects.atom").content)
    space = "{http://www.w3.org/2005/Atom}"
    found = feed.findall(f"{space}entry")
    links = [one.find(f"{space}link").get("href") for one in found]  # type: ignore[union-attr]
    assert "http://localhost:8000/projects/permit-3/" in links
    stamps = [str(one.findtext(f"{space}updated")) for one in found]
    assert stamps == sorted(stamps, reverse=True)
    titles = {one.findtext(f"{space}title") for one in found}
    assert "Births & <b>more</b>" in titles


def test_refusals_are_files_with_reasons_and_approvals_are_not_among_them(client: Any) -> None:
    decided(None, application="no", outcome="reject")
    decided(None, application="yes", outcome="approve")
    decided(None, application="hidden", outcome="reject", published_at=None)
    told = json.loads(client.get("/projects/refused.json").content)
    assert [one["decision"] for one in told] == ["no.d1"]
    assert told[0]["reasons"] == ["Patients come first."]
    assert [one["Decision"] for one in rows(client.get("/projects/refused.csv"))] == ["no.d1"]


def test_a_file_is_not_made_again_and_is_not_sent_again(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.web.register import opendata

    first = client.get("/projects/projects.csv")
    monkeypatch.setattr(opendata, "row", lambda *_: pytest.fail("it was made again"))
    again = client.get("/projects/projects.csv")
    assert again.content == first.content
    same = client.get("/projects/projects.csv", headers={"if-none-match": first["ETag"]})
    assert (same.status_code, same.content) == (304, b"")
    monkeypatch.undo()
    decided(None)
    assert client.get("/projects/projects.csv").content != first.content


def test_the_number_of_a_permit_is_that_of_its_file_and_stands_in_the_log(client: Any) -> None:
    page = client.get("/projects/permit-3/check/").content.decode()
    file = client.get("/projects/permit-3/permit.json")
    number = hashlib.sha256(file.content).hexdigest()
    assert number in page
    assert 'filename="permit-3.json"' in file["Content-Disposition"]
    assert "shasum -a 256 permit-3.json" in page
    links = [part.split('"')[0] for part in page.split('href="')]
    found = [one for one in links if one.startswith(("/log/entries/", "/api/v1/ledger/"))]
    assert len(found) == 2
    assert f"sha256:{number}" in client.get(found[0]).content.decode()
    proof = client.get(found[1])
    assert proof.status_code == 200
    assert b"proof" in proof.content.lower()


@pytest.mark.parametrize("tail", ["check/", "permit.json"])
@pytest.mark.parametrize("name", ["nothing", "..", "permit-3%00", "a" * 300])
def test_what_is_not_in_the_list_cannot_be_checked(client: Any, name: str, tail: str) -> None:
    assert client.get(f"/projects/{name}/{tail}").status_code in (400, 404)


def test_before_there_is_a_register_the_pages_say_so(
    client: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    from commonweal.web.register import presenters

    monkeypatch.setattr(presenters, "register_file", lambda: tmp_path / "none.json")
    for address, words in (
        ("what-came-of-it/", "No project has told anything yet"),
        ("companies/", "There is no such project"),
        ("open-data/", "refused.csv"),
        ("", "No project has been allowed"),
    ):
        assert words in client.get(f"/projects/{address}").content.decode(), address
    assert client.get("/projects/projects.csv").status_code == 404
    assert client.get("/projects/refused.csv").status_code == 200


def test_who_could_earn_is_listed_and_who_could_not_is_not(client: Any) -> None:
    before = client.get("/projects/companies/").content.decode()
    assert "Hearts" not in before
    decided(None, answers={"funding": MONEY, "benefits": GOOD})
    text = client.get("/projects/companies/").content.decode()
    assert "Hearts" in text
    assert "Breath &lt;b&gt;Ltd&lt;/b&gt;<br>How: By selling a device." in text
    assert "What the NHS gets: Free use" in text
    entry = client.get("/projects/permit-1/").content.decode()
    for words in ("=Asthma Trust (charity)", "A lower price.", GOOD["summary"], "Earlier help",
                  "The hospital and the university together."):  # fmt: skip
        assert str(words) in entry


def test_a_project_with_ai_says_whether_there_is_an_assessment(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.web.register import views

    words = "no published text here yet about what that could mean"
    assert words not in client.get("/projects/permit-0/").content.decode()
    monkeypatch.setattr(views, "uses_ai", lambda _: True)
    assert words in client.get("/projects/permit-0/").content.decode()


def test_every_open_file_is_explained_and_there(client: Any) -> None:
    text = client.get("/projects/open-data/").content.decode()
    for name in ("projects.csv", "projects.atom", "projects.hdruk.json", "register.json",
                 "projects.hdruk-1.0.0.json", "refused.csv", "refused.json"):  # fmt: skip
        assert f"/projects/{name}" in text
        assert client.get(f"/projects/{name}").status_code == 200
