"""What the rules find in a text for the public: small texts in, kinds out."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.governance.publishing.scanning import SENTENCES, scan

HOSPITAL = "Meadowbank Hospitals NHS Trust"
FOUND: dict[str, list[tuple[str, str]]] = {
    # numbers of people, however they are written
    "Her number is 943 476 5919.": [("nhs_number", "943 476 5919")],
    "Her number is 943-476-5919.": [("nhs_number", "943-476-5919")],
    "number:9434765919": [("nhs_number", "9434765919")],
    "Full width: \uff19\uff14\uff13\uff14\uff17\uff16\uff15\uff19\uff11\uff19": [
        ("nhs_number", "\uff19\uff14\uff13\uff14\uff17\uff16\uff15\uff19\uff11\uff19")
    ],
    "Arabic: \u0669\u0664\u0663\u0664\u0667\u0666\u0665\u0669\u0661\u0669": [
        ("nhs_number", "\u0669\u0664\u0663\u0664\u0667\u0666\u0665\u0669\u0661\u0669")
    ],
    "No-break: 943\u00a0476\u00a05919": [("nhs_number", "943\u00a0476\u00a05919")],
    "Hospital number A1234567 was on it.": [("long_number", "A1234567")],
    "She lives in LS1 4AB.": [("postcode", "LS1 4AB")],
    "She lives in ls14ab.": [("postcode", "ls14ab")],
    "94\u200b34765919": [("nhs_number", "94\u200b34765919"), ("hidden", "\u200b")],
    "943.476.5919": [("nhs_number", "943.476.5919")],
    "943\t476\n5919": [("nhs_number", "943\t476\n5919")],
    "94 34 76 59 19": [("nhs_number", "94 34 76 59 19")],
    "9\u034f434765919": [("nhs_number", "9\u034f434765919"), ("hidden", "\u034f")],
    "She was born in SW1A 1AA.": [("postcode", "SW1A 1AA")],
    "Date of birth: RXH1234567.": [("long_number", "RXH1234567")],
    "See https://example.org/9434765919": [("nhs_number", "9434765919")],
    "Write to SW1A  1AA.": [("postcode", "SW1A  1AA")],
    "A woman of forty-two years old.": [("born", "forty-two years old")],
    "Thirteen women died.": [("figure", "Thirteen women")],
    "Three  patients came.": [("figure", "Three  patients")],
    "Three\npatients came.": [("figure", "Three\npatients")],
    "3 may have died.": [("figure", "3 may have died")],
    "2019 patients died.": [("figure", "2019 patients")],
    "Two-thirds of patients came.": [("figure", "Two-thirds of patients")],
    "Four elderly, frail patients fell.": [("figure", "Four elderly, frail patients")],
    "A single patient died.": [("figure", "single patient")],
    "\u00bd of all patients came.": [("figure", "\u00bd of all patients")],
    "Ring 01134960000.": [("contact", "01134960000")],
    # dates of birth and ages
    "She was born on 3 May 1950.": [("born", "born on 3 May 1950")],
    "A girl of 7 years old.": [("born", "7 years old")],
    "He is aged 93.": [("born", "aged 93")],
    "On 03/05/1950 she came.": [("born", "03/05/1950")],
    # names
    "Mrs Jones wrote to us.": [("name", "Mrs Jones")],
    "We told Anna Smith about it.": [("name", "Anna Smith")],
    "We told Zo\u00eb about it, and Dr O\u2019Brien.": [("name", "Dr O\u2019Brien")],
    # ways to somebody
    "Ring 0113 496 0000.": [("contact", "0113 496 0000")],
    "Write to a.b@example.org.": [("contact", "a.b@example.org")],
    "See https://example.org/x for it.": [("contact", "https://example.org/x")],
    # figures about people
    "12 people were told.": [("figure", "12 people")],
    "1,204 patients came.": [("figure", "1,204 patients")],
    "Three small children were ill.": [("figure", "Three small children")],
    "Half of the patients had it.": [("figure", "Half of the patients")],
    "It was 1 in 10.": [("figure", "1 in 10")],
    "Five out of six got better.": [("figure", "Five out of six")],
    "It rose by 30 per cent.": [("figure", "30 per cent")],
    "It rose by 4.5%.": [("figure", "4.5%")],
    "2 died.": [("figure", "2 died")],
    # numbers that are about something else
    "It was deleted after 2 hours.": [("number", "2")],
    # what is fine
    "On 7 November 2026 a file was sent to the wrong team.": [],
    "In May 2026 at 2:30pm we looked. In 2027 we look again.": [],
    "The Caldicott Guardian and NHS England were told.": [],
    "Meadowbank Hospitals did it.": [],
    "One of our teams sent a list to another team.": [],
    "": [],
}


@pytest.mark.parametrize("text", FOUND)
def test_what_is_found(text: str) -> None:
    found = scan(text, cites=False, known=(HOSPITAL,))
    assert [(one.kind, one.words) for one in found] == FOUND[text]


@pytest.mark.parametrize(
    "text", [text for text, found in FOUND.items() if any(kind == "figure" for kind, _ in found)]
)
def test_a_figure_that_cites_an_output_is_looked_at_and_stops_nothing(text: str) -> None:
    found = scan(text, cites=True, known=(HOSPITAL,))
    assert [one.words for one in found] == [words for _, words in FOUND[text]]
    assert {one.weight for one in found} == {"look"}


def test_citing_an_output_excuses_nothing_else() -> None:
    text = "943 476 5919, LS1 4AB, A1234567 and 12 people"
    kinds = [one.kind for one in scan(text, cites=True)]
    assert kinds == ["nhs_number", "postcode", "long_number", "number"]
    assert {kind for kind, (weight, _) in SENTENCES.items() if weight == "stop"} == {
        *("nhs_number", "long_number", "postcode", "figure", "hidden"),
    }


@given(st.text(max_size=300), st.booleans())
def test_whatever_is_written_places_fit_and_do_not_overlap(text: str, cites: bool) -> None:
    found = scan(text, cites=cites)
    assert all(text[one.start : one.end] == one.words for one in found)
    seen = [one for one in found if one.kind != "hidden"]  # those stand within others as well
    assert all(one.end <= two.start for one, two in itertools.pairwise(seen))


@given(st.text(max_size=60), st.text(max_size=60))
def test_an_nhs_number_is_found_wherever_it_stands(before: str, after: str) -> None:
    digits = "943 476 5919"
    if before[-1:].isdecimal() or after[:1].isdecimal():
        return
    found = scan(before + digits + after, cites=True)
    begins, ends = len(before), len(before) + len(digits)
    # Within the number of another rule (a link, a longer number) it stops or is looked at as well.
    assert any(one.start < ends and begins < one.end for one in found)
