"""The reviewer's page: what was found, where, the sums; and nothing that a page may not say."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from tests.web.conftest import Page
from tests.web.outputs.review_house import (
    CODE,
    EARLIER,
    OUT,
    furnish,
    heard,
    papers,
    signed_in,
    vote,
)

pytestmark = pytest.mark.usefixtures("db")
ADDRESS = f"/outputs/review/{OUT}/"


def page_of(who: str = "tara", address: str = ADDRESS) -> Page:
    answer = signed_in(who).get(address)
    assert answer.status_code == 200, answer.content[:400]
    return Page(answer)


def test_the_verdict_comes_first_then_files_findings_and_sums() -> None:
    furnish()
    text = page_of().text
    places = [
        text.index(words)
        for words in (
            "The checks say: ✗ Fails", "What it is about", "What was found in born.csv",
            "What would leave: born.csv", "Together with what has left", "What can be worked out",
            "The code that made it", "Judge it",
        )
    ]  # fmt: skip
    assert places == sorted(places)


def test_offending_cells_are_marked_and_listed_in_words() -> None:
    furnish()
    page = page_of()
    cells = re.findall(r'<td class="review-cell review-cell--fail">(.*?)</td>', page.html)
    assert any(cell.startswith("3<span") for cell in cells)
    assert "Row 10, people (ward D, sex F): 3" in page.text
    marked = re.findall(r'href="#finding-(\d+)"', page.html)
    there = set(re.findall(r'id="finding-(\d+)"', page.html))
    assert marked
    assert set(marked) <= there
    # Every finding of the checks stands on the page, and each number once.
    assert len(re.findall(r'id="finding-\d+"', page.html)) == len(there)


def test_each_cell_that_fails_in_the_report_is_marked_in_its_table() -> None:
    """Held to the report itself, without the page's own way of finding a cell."""
    furnish()
    page = page_of()
    for name in ("born", "costs"):
        report = next(one.report for one in papers().findings.files if one.path == f"{name}.json")
        table = papers().tables[f"{name}.csv"]
        part = page.html.split(f"What would leave: {name}.csv</caption>")[1].split("</table>")[0]
        rows = re.findall(r'<tr><th scope="row"[^>]*>(\d+)</th>(.*?)</tr>', part)
        drawn = {
            (int(number), column)
            for number, cells in rows
            for column, cell in enumerate(re.findall(r"<td(.*?)</td>", cells), start=1)
            if "review-cell--fail" in cell
        }
        wanted = set()
        for one in report["findings"]:
            place = one["where"]
            for number, row in enumerate(table["rows"], start=1):
                if row[:2] == [place["ward"], place["sex"]]:
                    wanted.add((number, table["columns"].index(place["measure"]) + 1))
        assert wanted
        assert wanted <= drawn


def test_the_sum_is_written_out_with_both_tables_beside_each_other() -> None:
    furnish()
    page = page_of()
    assert (
        f"stays row 1 column 3 of {EARLIER} minus born row 1 column 3 of {OUT} = 3 people"
        in page.text
    )
    assert f"Before: stays of {EARLIER}" in page.text
    assert "Now: born.csv" in page.text
    assert "Really: 3 people." in page.text
    beside = page.html.split('class="review-pair"')[1].split("</section>")[0]
    assert beside.count("review-cell--fail") >= 2


def test_sums_that_give_few_people_away_come_before_figures_that_are_the_same() -> None:
    furnish()
    part = page_of().html.split('id="audit"')[1].split("The code that made it")[0]
    found = part.split("data-finding>")[1:]
    order = [("review-verdict--fail" not in one, "the very same people" in one) for one in found]
    assert (False, True) in order
    assert (False, False) in order
    assert order == sorted(order)


def test_a_file_made_elsewhere_shows_its_columns_its_cells_and_that_nobody_counted_again() -> None:
    furnish()
    page = page_of()
    assert "as the study said; nothing was counted again" in page.text
    assert "counts under the least 1" in page.text
    assert "Row 2, patients" in page.text


def test_what_the_job_wrote_is_text_and_nothing_else() -> None:
    furnish()
    page = page_of()
    assert "<script>alert" not in page.html
    assert "&lt;script&gt;alert" in page.html
    assert CODE.splitlines()[1] in page.text
    assert "<b>Winter</b>" not in page.html
    assert "Stays &amp; &lt;i&gt;costs&lt;/i&gt;" in page.html
    assert "style=" not in page.html


def test_figures_are_held_to_the_fingerprint_of_the_file() -> None:
    row = furnish()
    assert page_of().text.count("they are the same") == 2
    tables = row.papers.tables
    tables["born.csv"]["rows"][0][2] = "70"
    row.papers.tables = tables
    row.papers.save()
    text = page_of().text
    assert text.count("they are the same") == 1
    assert "These figures are not the file that would leave." in text


@pytest.mark.parametrize("field", ["manifest", "findings", "digest"])
def test_rows_that_are_not_what_was_signed_are_not_shown(field: str) -> None:
    row = furnish()
    if field == "digest":
        row.digest = "sha256:" + "0" * 64
        row.save()
    elif field == "manifest":
        row.papers.manifest = row.papers.manifest | {"controls": "Everything was rounded."}
        row.papers.save()
    else:
        plain = json.loads(json.dumps(row.papers.findings))
        plain["files"][0]["verdict"] = "pass"
        row.papers.findings = plain
        row.papers.save()
    answer = signed_in("tara").get(ADDRESS)
    assert answer.status_code >= 400
    assert b"What was found in" not in answer.content


def test_papers_of_another_turn_are_not_shown() -> None:
    row = furnish()
    row.papers.turn = 2
    row.papers.save()
    answer = signed_in("tara").get(ADDRESS)
    assert answer.status_code >= 400
    assert b"What was found in" not in answer.content


def test_large_tables_are_cut_with_a_sentence_and_marked_rows_stay() -> None:
    row = furnish()
    tables = row.papers.tables
    born = tables["born.csv"]
    born["rows"] = [["E", str(n), "50"] for n in range(400)] + born["rows"]
    born["cut"] = 1_000
    row.papers.tables = tables
    row.papers.save()
    page = page_of()
    assert "cells are not shown. The checks looked at all of them." in page.text
    part = page.html.split("What would leave: born.csv</caption>")[1].split("</table>")[0]
    assert '<th scope="row" class="review-row">410</th>' in part
    assert part.count("<tr>") < 130
    assert "Rows that are not shown" in part


def test_many_findings_are_counted_and_the_page_stays_readable() -> None:
    from commonweal.papers.output_manifest import Findings, OutputManifest

    row, found = furnish(), papers()
    plain = found.findings.plain()
    report = plain["files"][0]["report"]
    report["findings"] = report["findings"] * 100
    findings = Findings.read(plain, "F")
    manifest = OutputManifest.read(found.manifest.plain() | {"findings": findings.digest()}, "M")
    row.papers.findings, row.papers.manifest = findings.plain(), manifest.plain()
    row.papers.save()
    row.digest = manifest.digest()
    row.save()
    page = page_of()
    assert "And 240 more; all of them count" in page.text
    assert len(page.html) < 1_000_000


def test_nothing_of_the_table_is_in_an_address_or_a_log(caplog: pytest.LogCaptureFixture) -> None:
    furnish()
    page = page_of()
    addresses = [one.get("href") or "" for one in page.every("a")]
    addresses += [one.get("action") or "" for one in page.every("form")]
    for address in addresses:
        assert not re.search(r"ward|people=|cost|born", address), address
    assert "3 people" not in caplog.text
    assert "ward" not in caplog.text


def test_a_page_asks_the_database_as_often_for_many_files_and_votes() -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    furnish()
    furnish("consolidating", "out-2", votes=[
        vote("tara", "approve", 1, "out-2"), vote("umar", "reject", 2, "out-2"),
        vote("vera", "return", 3, "out-2"),
    ])  # fmt: skip
    tara = signed_in("tara")
    tara.get(ADDRESS)
    counts = []
    for name in (OUT, "out-2"):
        with CaptureQueriesContext(connection) as asked:
            assert tara.get(f"/outputs/review/{name}/").status_code == 200
        counts.append(len(asked))
    assert counts[1] <= counts[0] + 1  # the names of those who judged, in one query


def test_the_queue_is_oldest_first_and_says_how_long() -> None:
    furnish(waited=timedelta(days=3, hours=2), title="Older")
    furnish(name="out-2", waited=timedelta(hours=2), title="Newer")
    text = page_of(address="/outputs/review/").text
    assert text.index("Older") < text.index("Newer")
    assert "Waits for 3 days" in text
    assert "Waits for 2 hours" in text
    assert "people who check outputs" in text
    assert "no waiting time of the last 30 days" in text


def test_the_median_is_of_what_was_decided_lately() -> None:
    from commonweal.web.config import clock

    for number, days in enumerate((1, 2, 9, 40)):
        row = furnish("released", f"out-{number}")
        row.ended_at = clock.now() - timedelta(days=40 if days == 40 else 1)
        row.save()
        act = heard("tara", "approve", number + 1, f"out-{number}")
        act.kind, act.heard_at = "submit_output", row.ended_at - timedelta(days=days)
        act.save()
    assert "half waited less than 2 days" in page_of(address="/outputs/review/").text


def test_lists_are_paged_and_ask_the_database_as_often() -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from commonweal.web.outputs.models import Output

    row = furnish()
    done = furnish("released", "done-1")
    tara, counts = signed_in("tara"), []
    addresses = ("/outputs/review/", "/outputs/review/left", "/outputs/review/history", "/account/")
    for count in (0, 60):
        for one, stem in ((row, "more"), (done, "gone")):
            for number in range(count):
                one.pk, one.reference = None, f"{stem}-{number}"
                one.save(force_insert=True)
        for address in addresses:
            tara.get(address)
            with CaptureQueriesContext(connection) as asked:
                assert tara.get(address).status_code == 200
            counts.append(len(asked))
    assert Output.objects.count() == 122
    assert counts[: len(addresses)] == counts[len(addresses) :]
    assert "?page=2" in page_of(address="/outputs/review/").html
