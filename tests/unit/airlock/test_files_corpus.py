"""The labelled corpus of files: everything bad is caught, safe near misses are not failed."""

from __future__ import annotations

import json

import pytest

from commonweal.airlock.files.looking import FileLook, look
from commonweal.airlock.rules.findings import for_author, for_reviewer
from commonweal.sandbox.box import Sandbox
from tests.airlock_corpus.files import Made, corpus
from tests.files_house import SACRO, hospital, release, sieve

FILES = corpus()


@pytest.fixture(scope="module")
def looks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Made, FileLook]]:
    """Every file, looked at once, in the sandbox and with the release and sieve of its hospital."""
    folder = tmp_path_factory.mktemp("files")
    sandbox = Sandbox.open(folder / "users.json", demo=True, cgroup=None)
    opened, sieved = release(folder), sieve()
    found = {}
    for number, made in enumerate(FILES):
        place = folder / str(number)
        place.mkdir()
        path = place / made.name
        path.write_bytes(made.content)
        # What is hostile by its form must be caught without any comparison.
        beside = (None, None) if made.label == "hostile" else (sieved, opened)
        seen = look(path, made.kind, sandbox, "p", SACRO, *beside, work=folder)
        found[made.what + made.name] = (made, seen)
    return found


def test_the_corpus_is_large_and_says_each_thing_once() -> None:
    assert len({made.what + made.name for made in FILES}) == len(FILES) >= 100
    assert sum(made.label == "safe" for made in FILES) >= 25


def test_everything_bad_is_caught(looks: dict[str, tuple[Made, FileLook]]) -> None:
    missed = []
    for made, seen in looks.values():
        if made.label == "safe":
            continue
        rules = {one.rule for one in seen.findings}
        if made.rule not in rules or (made.least == "fail" and seen.verdict != "fail"):
            missed.append((made.what, sorted(rules), seen.verdict))
    assert missed == []


def test_nearly_nothing_safe_is_failed_and_it_leaves(
    looks: dict[str, tuple[Made, FileLook]],
) -> None:
    safe = [(made, seen) for made, seen in looks.values() if made.label == "safe"]
    failed = [
        (made.what, [one for one in seen.findings if one.outcome == "fail"])
        for made, seen in safe
        if seen.verdict == "fail"
    ]
    assert len(failed) <= len(safe) * 0.05, failed
    for _, seen in safe:
        assert any(rendering.leaves for rendering in seen.renderings)


def test_no_file_ever_passes(looks: dict[str, tuple[Made, FileLook]]) -> None:
    for _, seen in looks.values():
        assert seen.verdict in ("review", "fail")
        assert "declared" in {one.rule for one in seen.findings}


def test_findings_never_repeat_what_they_found(looks: dict[str, tuple[Made, FileLook]]) -> None:
    held = hospital()
    secrets = [*held["nhs"], *held["surname"], *held["postcode"], *held["hospital"], "943",
               *(one.hex()[:9] for one in (*held["code"], *held["spell"]))]  # fmt: skip
    secrets += [text for made in FILES if made.label == "hostile" for text in ("three of them",)]
    for made, seen in looks.values():
        if made.what.startswith("a name"):
            assert made.name not in seen.path
        for told in (for_reviewer(seen.findings), for_author(seen.findings, SACRO)):
            said = json.dumps(told)
            assert not [one for one in secrets if len(one) > 2 and one in said], made.what
            assert all(one["sentence"].endswith(".") for one in told)


def test_what_leaves_is_what_was_made_here(looks: dict[str, tuple[Made, FileLook]]) -> None:
    """No byte of a hidden thing is in what leaves."""
    for made, seen in looks.values():
        for one in seen.renderings:
            assert one.content != made.content or made.name.endswith(".csv")
            if made.what in ("a text in a picture", "a notebook with widgets",
                             "Parquet with a text beside", "a note on a page"):  # fmt: skip
                assert b"943" not in one.content
            if made.what.startswith("an archive behind"):
                assert b"PK\x03\x04" not in one.content
            if one.media in ("image/svg+xml", "text/html"):
                assert not one.inline
