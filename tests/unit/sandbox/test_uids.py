"""User numbers: one a project, never two projects one, and never somebody else's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from commonweal.foundation.errors import CommonwealError, Fault, Unavailable, WrongUsage
from commonweal.foundation.files import only_one
from commonweal.sandbox.orders import JobUser
from commonweal.sandbox.uids import FIRST, UserNumbers, refuse_taken


def test_each_project_has_its_own_and_keeps_it(tmp_path: Path) -> None:
    numbers = UserNumbers(tmp_path / "users.json")
    first, second = numbers.of("alpha"), numbers.of("beta")
    assert (first, second) == (JobUser(FIRST, FIRST), JobUser(FIRST + 1, FIRST + 1))
    again = UserNumbers(tmp_path / "users.json")
    assert [again.of(name) for name in ("beta", "alpha")] == [second, first]


def test_all_are_given(tmp_path: Path) -> None:
    numbers = UserNumbers(tmp_path / "users.json", count=2)
    numbers.of("a"), numbers.of("b")
    with pytest.raises(Unavailable, match="CW-SANDBOX-USERS"):
        numbers.of("c")
    assert numbers.of("a").uid == FIRST


@pytest.mark.parametrize(
    "record",
    [
        [],
        {},
        {"users": []},
        {"users": {"a": 0}},
        {"users": {"a": FIRST - 1}},
        {"users": {"a": FIRST + 65_536}},
        {"users": {"a": str(FIRST)}},
        {"users": {"a": True}},
        {"users": {"a b": FIRST}},
        {"users": {"a": FIRST, "b": FIRST}},
    ],
)
def test_a_record_that_cannot_be_trusted(tmp_path: Path, record: object) -> None:
    path = tmp_path / "users.json"
    path.write_text(json.dumps(record))
    with pytest.raises(Fault, match="CW-SANDBOX-USERS-BROKEN"):
        UserNumbers(path).of("alpha")


def test_a_record_that_is_no_json(tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    path.write_text("{")
    with pytest.raises(CommonwealError):
        UserNumbers(path).of("alpha")
    assert path.read_text() == "{"


@pytest.mark.parametrize("name", ["", "a b", "-a", "a/b", "é", "a\n", "x" * 129])
def test_names_that_no_project_has(tmp_path: Path, name: str) -> None:
    with pytest.raises(WrongUsage, match="CW-SANDBOX-ORDER"):
        UserNumbers(tmp_path / "users.json").of(name)


def test_two_at_once(tmp_path: Path) -> None:
    numbers = UserNumbers(tmp_path / "users.json")
    with only_one(tmp_path / "users.lock", "it"), pytest.raises(Unavailable, match="CW-BUSY"):
        numbers.of("alpha")


@pytest.mark.parametrize(
    ("passwd", "subuid", "free"),
    [
        ("", "", True),
        ("a:x:1000:1000::/:/bin/sh\n", "a:100000:65536\n", True),
        ("a:x:5000:1000::/:/bin/sh\n", "", False),
        ("a:x:5009:1::/:\n", "", False),
        ("a:x:5010:1::/:\n", "", True),
        ("a:x:4999:5005::/:\n", "", True),
        ("", "a:4000:1000\n", True),
        ("", "a:4000:1001\n", False),
        ("", "a:0:4294967295\n", False),
        ("", "a:5010:10\n", True),
        ("nonsense\n::\na:x:y:z\n", "a:b\nc:d:e\n", True),
    ],
)
def test_numbers_of_others(tmp_path: Path, passwd: str, subuid: str, free: bool) -> None:
    (tmp_path / "passwd").write_text(passwd)
    (tmp_path / "subuid").write_text(subuid)
    paths = (tmp_path / "passwd", tmp_path / "subuid")
    if free:
        refuse_taken(5000, 10, *paths)
    else:
        with pytest.raises(Unavailable, match="CW-SANDBOX-USERS"):
            refuse_taken(5000, 10, *paths)


def test_files_that_are_not_there_name_nobody(tmp_path: Path) -> None:
    refuse_taken(5000, 10, tmp_path / "a", tmp_path / "b")
