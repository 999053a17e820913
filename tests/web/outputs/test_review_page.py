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
BORN, COSTS, PLAIN = (f"{ADDRESS}files/{number}" for number in (1, 2, 3))
TOGETHER, CODE_PAGE = f"{ADDRESS}together", f"{ADDRESS}code"
PARTS = (BORN, COSTS, PLAIN, TOGETHER, CODE_PAGE)


def page_of(who: str = "tara", address: str = ADDRESS) -> Page:
    answer = signed_in(who).get(address)
    assert answer.status_code == 200, answer.content[:400]
    return Page(answer)


def test_the_verdict_comes_first_then_what_must_be_decided_then_judging() -> None:
    furnish()
    text = page_of().text
    places = [
        text.index(words)
        for words in (
            "The checks say: ✗ Fails", "Together with what has left", "The code that made it",
            "The sum that gives people away", "What was found in born.csv",
            "What would leave: born.csv", "What was found in costs.csv", "What its author says",
            "What protects people", "Judge it", "What do you say?", "Go on to sign",
        )
    ]  # fmt: skip
    assert places == sorted(places)


def test_the_first_page_shows_the_offending_rows_and_leads_to_all_others() -> None:
    furnish()
    page = page_of()
    part = page.html.split("What would leave: born.csv</caption>")[1].split("</table>")[0]
    rows = re.findall(r'<th scope="row" class="review-row">(\d+)</th>', part)
    assert rows == ["10", "11", "12"]
    assert part.count("review-gap") == 2
    assert f'href="{BORN}#finding-1"' in part
    assert page.text.count("Only rows with marked figures are shown.") == 2
    assert "5 more of “Too few people”" in page.text
    for address in PARTS:
        assert f'href="{address}"' in page.html


def test_the_first_page_stays_short_whatever_was_found() -> None:
    """Each file brings at most four rules and eight rows to it, and the audit one sum."""
    furnish()
    page = page_of()
    assert page.html.count("review-group--short") <= 4 * 3
    assert page.html.count('class="nhsuk-table review-sum"') == 1
    assert page.html.count('class="review-row"') <= 8 * 3
    assert len(page.html) < 90_000


def test_parts_lead_to_each_other_with_keys() -> None:
    furnish()
    for place, address in enumerate(PARTS):
        page = page_of(address=address)
        before, after = (page.html.count(f'accesskey="{key}"') for key in "bf")
        assert (before, after) == (int(place > 0), int(place < len(PARTS) - 1))
        if before:
            assert f'href="{PARTS[place - 1]}" rel="prev"' in page.html
        if after:
            assert f'href="{PARTS[place + 1]}" rel="next"' in page.html
        assert page.html.count('accesskey="o"') == page.html.count('accesskey="j"') == 1
        assert f"part {place + 1} of {len(PARTS)}" in page.text
    keys = re.findall(r'accesskey="(.)"', page_of().html)
    assert sorted(keys) == ["f", "j"]


@pytest.mark.parametrize("path", ["files/0", "files/4", "files/99999999999", "files/x", "files/1/"])
def test_a_part_that_there_is_not_is_not_found(path: str) -> None:
    furnish()
    assert signed_in("tara").get(ADDRESS + path).status_code == 404


def test_a_part_leads_back_once_nobody_judges_any_more() -> None:
    furnish("approved")
    for address in PARTS:
        answer = signed_in("tara").get(address)
        assert (answer.status_code, answer.get("Location")) == (302, ADDRESS)


def test_rules_are_explained_where_they_stand() -> None:
    from commonweal.papers.rule_words import RULE_HELP

    furnish()
    text = page_of().text
    for rule in ("threshold", "nk", "p-percent", "CW-AUDIT-DIFFERENCE"):
        assert RULE_HELP[rule].name in text
        assert RULE_HELP[rule].why in text
        assert RULE_HELP[rule].example in text
    for rule in ("threshold", "nk", "p-percent"):
        assert RULE_HELP[rule].why in page_of(address=COSTS).text
    assert RULE_HELP["CW-AUDIT-SAME"].why in page_of(address=TOGETHER).text


def test_the_project_has_its_title_on_every_list_and_page() -> None:
    furnish()
    for address in ("/outputs/review/", "/outputs/review/history", ADDRESS):
        text = page_of(address=address).text
        assert "Asthma in winter (project project-0" in text, address
    furnish("released", "out-2")
    for address in ("/outputs/review/left", "/outputs/review/out-2/"):
        assert "Asthma in winter (project project-0" in page_of(address=address).text


def test_a_project_that_the_register_does_not_have_is_named_by_its_id() -> None:
    row = furnish()
    row.permit = "permit-9"
    row.save()
    assert "Project project-0" in page_of(address="/outputs/review/").text


def test_offending_cells_are_marked_and_listed_in_words() -> None:
    furnish()
    page = page_of(address=BORN)
    cells = re.findall(r'<td class="review-cell review-cell--fail">(.*?)</td>', page.html)
    assert any(cell.startswith("3<span") for cell in cells)
    assert "Row 10, people (ward D, sex F): 3" in page.text
    # Every link to a finding leads to where it stands, and each number stands once.
    there: dict[str, set[str]] = {}
    for address in PARTS:
        found = re.findall(r'id="(finding-\d+)"', page_of(address=address).html)
        assert len(found) == len(set(found))
        there[address] = set(found)
    assert sum(len(one) for one in there.values()) == len(set().union(*there.values()))
    for address in (ADDRESS, *PARTS):
        links = re.findall(r'href="([^"#]*)#(finding-\d+)"', page_of(address=address).html)
        assert links or address in (CODE_PAGE, TOGETHER)
        for home, number in links:
            assert number in there[home or address], (address, home, number)


def test_each_cell_that_fails_in_the_report_is_marked_in_its_table() -> None:
    """Held to the report itself, without the page's own way of finding a cell."""
    furnish()
    for name, address in (("born", BORN), ("costs", COSTS)):
        page = page_of(address=address)
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
    page, sums = page_of(address=BORN), page_of(address=TOGETHER)
    assert (
        f"stays row 1 column 3 of {EARLIER} minus born row 1 column 3 of {OUT} = 3 people"
        in page.text
    )
    assert f"Before: stays of {EARLIER}" in page.text
    assert "Now: born.csv" in page.text
    assert "Really: 3 people." in sums.text
    assert "Really: 3 people." in page_of().text
    beside = page.html.split('class="review-pair"')[1].split("About the file")[0]
    assert beside.count("review-cell--fail") >= 2


def test_sums_that_give_few_people_away_come_before_figures_that_are_the_same() -> None:
    furnish()
    found = page_of(address=TOGETHER).html.split("data-finding>")[1:]
    order = [("review-verdict--fail" not in one, "the very same people" in one) for one in found]
    assert (False, True) in order
    assert (False, False) in order
    assert order == sorted(order)


def test_a_file_made_elsewhere_shows_its_columns_its_cells_and_that_nobody_counted_again() -> None:
    furnish()
    page = page_of(address=PLAIN)
    assert "as the study said; nothing was counted again" in page.text
    assert "counts under the least 1" in page.text
    assert "Row 2, patients" in page.text


def test_what_the_job_wrote_is_text_and_nothing_else() -> None:
    furnish()
    page = page_of(address=CODE_PAGE)
    assert "&lt;script&gt;alert" in page.html
    assert CODE.splitlines()[1] in page.text
    for address in (ADDRESS, *PARTS):
        html = page_of(address=address).html
        assert "<script>alert" not in html
        assert "<b>Winter</b>" not in html
        assert "<i>costs</i>" not in html
        assert "style=" not in html
    assert "Stays &amp; &lt;i&gt;costs&lt;/i&gt;" in page_of().html


def test_figures_are_held_to_the_fingerprint_of_the_file() -> None:
    row = furnish()
    for address in (BORN, COSTS):
        assert "they are the same" in page_of(address=address).text
    tables = row.papers.tables
    tables["born.csv"]["rows"][0][2] = "70"
    row.papers.tables = tables
    row.papers.save()
    assert "they are the same" in page_of(address=COSTS).text
    for address in (ADDRESS, BORN):
        text = page_of(address=address).text
        assert "they are the same" not in text
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
    page = page_of(address=BORN)
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
    page = page_of(address=BORN)
    assert "And 240 more; all of them count" in page.text
    assert len(page.html) < 1_000_000
    assert "240 more findings in born.csv" in page_of().text
    assert len(page_of().html) < 90_000


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
