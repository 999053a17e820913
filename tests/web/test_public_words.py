"""The report on how hard public pages are to read finds pages, and what is hard on them."""

from __future__ import annotations

from typing import Any

from tests.web.public_words import page_words, report, walk

HARD = ("The aforementioned organisational considerations necessitate comprehensive "
        "deliberation regarding pseudonymised administrative information.")  # fmt: skip


def test_it_reads_the_main_part_and_names_the_hardest_sentence_first() -> None:
    html = (
        f"<nav>{HARD}</nav><main><h1>A page</h1><p>We look after the records of many people.</p>"
        f"<p>{HARD}</p><p class='house-code'>sha256 {HARD}</p><script>{HARD}</script></main>"
    )
    found = page_words("/x/", html)
    assert found.figures.sentences == 2
    assert found.hardest[0][1] == HARD
    assert found.hardest[0][0] > 18 > 12 > found.hardest[1][0]


def test_it_walks_every_public_page_and_says_so(client: Any) -> None:
    pages = walk(client)
    addresses = {one.address for one in pages}
    assert {"/", "/about", "/projects/", "/projects/refused/", "/panel/", "/data/"} <= addresses
    assert not any(one.startswith(("/applications", "/api")) for one in addresses)
    lines = report(pages)
    assert lines[0].startswith(f"{len(pages)} public pages")
    ages = [one.age for one in pages]
    assert ages == sorted(ages, reverse=True)
    hardest = max(age for one in pages for age, _ in one.hardest)
    assert any(f"age {hardest:4.1f}" in line for line in lines)
