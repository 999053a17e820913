from __future__ import annotations

import ast

import pytest

from commonweal.foundation import codes
from commonweal.foundation.errors import (
    CommonwealError,
    Failure,
    Fault,
    Refused,
    Unavailable,
    WrongUsage,
)

BRANCHES = {Failure: 1, WrongUsage: 2, Fault: 3, Refused: 4, Unavailable: 5}


@pytest.mark.parametrize(("branch", "exit_code"), BRANCHES.items())
def test_each_branch_has_its_exit_code(branch, exit_code):
    error = branch("CW-BUSY", "Another run is working.")
    assert error.exit_code == exit_code
    assert isinstance(error, CommonwealError)
    assert str(error) == "CW-BUSY: Another run is working."
    assert error.as_dict() == {"code": "CW-BUSY", "sentence": "Another run is working."}


def test_a_remedy_is_shown_where_there_is_one():
    error = Fault("CW-BUSY", "It is busy.", remedy="Wait.")
    assert error.as_dict()["remedy"] == "Wait."


@pytest.mark.parametrize("code", ["", "CW-NO-SUCH-CODE", "cw-busy"])
def test_a_code_outside_the_table_cannot_be_raised(code):
    with pytest.raises(KeyError):
        Fault(code, "It cannot be.")


def test_no_code_is_written_twice_in_the_tables(repository):
    tables = sorted((repository / "src/commonweal/foundation").glob("codes*.py"))
    written = [
        key.value
        for table in tables
        for node in ast.walk(ast.parse(table.read_text("utf-8")))
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant)
    ]
    assert len(written) == len(set(written))
    assert set(written) == set(codes.CODES) | set(codes.RETIRED)
    assert not set(codes.CODES) & set(codes.RETIRED)


@pytest.mark.parametrize("code", sorted(codes.CODES))
def test_every_code_is_explained_in_a_sentence(code):
    assert code.startswith("CW-")
    assert code == code.upper()
    assert codes.CODES[code].endswith(".")
