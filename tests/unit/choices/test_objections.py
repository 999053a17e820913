"""objections.csv: what is read from it, and every fault by line and never by value."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from commonweal.foundation.errors import CommonwealError, Fault, Unavailable
from commonweal.vault.choices import objections
from commonweal.vault.choices.objections import read_objections
from tests.unit.choices.helpers import HEADER

SECRET = "9434765919"
GOOD = f"{SECRET},local_objection,,2026-01-01,,letter"


def put(folder: Path, content: str | bytes) -> Path:
    data = content.encode() if isinstance(content, str) else content
    (folder / "objections.csv").write_bytes(data)
    return folder


def fault(folder: Path, content: str | bytes) -> str:
    with pytest.raises(Fault) as caught:
        read_objections(put(folder, content))
    assert caught.value.code == "CW-CHOICES-OBJECTIONS-INVALID"
    assert caught.value.exit_code == 3
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    return caught.value.sentence


def test_what_is_read(tmp_path: Path) -> None:
    rows = [
        GOOD,
        "434 765 9190,no_ai_training,,2025-05-01,2025-06-01,",
        'MRN-7,project_objection,asthma,2026-02-28,,"by telephone, twice"',
    ]
    found = read_objections(put(tmp_path, HEADER + "\n".join(rows) + "\n"))
    assert found.rows.to_pylist() == [
        {
            "identifier": SECRET,
            "kind": "local_objection",
            "project": None,
            "effective_from": date(2026, 1, 1),
            "effective_to": None,
        },
        {
            "identifier": "434 765 9190",
            "kind": "no_ai_training",
            "project": None,
            "effective_from": date(2025, 5, 1),
            "effective_to": date(2025, 6, 1),
        },
        {
            "identifier": "MRN-7",
            "kind": "project_objection",
            "project": "asthma",
            "effective_from": date(2026, 2, 28),
            "effective_to": None,
        },
    ]
    assert SECRET not in repr(found)


def test_a_header_alone_is_an_empty_list(tmp_path: Path) -> None:
    assert read_objections(put(tmp_path, HEADER)).rows.num_rows == 0


def test_windows_line_ends_and_doubled_lines_are_harmless(tmp_path: Path) -> None:
    text = (HEADER + f"{GOOD}\n{GOOD}\n").replace("\n", "\r\n")
    assert read_objections(put(tmp_path, text)).rows.num_rows == 2


@pytest.mark.parametrize("content", [None, b"", b"\n", b" \n\n"])
def test_missing_or_blank(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        put(tmp_path, content)
    with pytest.raises(Unavailable) as caught:
        read_objections(tmp_path)
    assert caught.value.code == "CW-CHOICES-OBJECTIONS-MISSING"
    assert HEADER.strip() in (caught.value.remedy or "")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (f"{SECRET},opted_out,,2026-01-01,,x", "line 3 has a kind that is not known"),
        (f"{SECRET},ndoo,,2026-01-01,,x", "kind that is not known"),
        (f"{SECRET},Local_Objection,,2026-01-01,,x", "kind that is not known"),
        (f"{SECRET},,,2026-01-01,,x", "kind that is not known"),
        (",local_objection,,2026-01-01,,x", "no identifier"),
        (f" {SECRET},local_objection,,2026-01-01,,x", "space around it"),
        (f"{SECRET} ,local_objection,,2026-01-01,,x", "space around it"),
        (f"\u00a0{SECRET},local_objection,,2026-01-01,,x", "space around it"),
        (f"\u200b{SECRET},local_objection,,2026-01-01,,x", "space around it"),
        (f"\u202e{SECRET},local_objection,,2026-01-01,,x", "space around it"),
        (f'{SECRET}"x,local_objection,,2026-01-01,,x', "space around it"),
        (f"{SECRET}\t7,local_objection,,2026-01-01,,x", "space around it"),
        (f"{SECRET},local_objection,asthma,2026-01-01,,x", "project, which its kind cannot have"),
        (f"{SECRET},type1,asthma,2026-01-01,,x", "project, which its kind cannot have"),
        (f"{SECRET},withdrawal,,2026-01-01,,x", "no project, which its kind needs"),
        (f"{SECRET},project_objection,,2026-01-01,,x", "no project, which its kind needs"),
        (f"{SECRET},project_consent,,2026-01-01,,x", "no project, which its kind needs"),
        (f"{SECRET},withdrawal,as thma,2026-01-01,,x", "cannot be the name of one"),
        (f"{SECRET},withdrawal, asthma,2026-01-01,,x", "cannot be the name of one"),
        (f"{SECRET},local_objection,,,,x", "effective_from that is not a date"),
        (f"{SECRET},local_objection,,01/02/2026,,x", "effective_from that is not a date"),
        (f"{SECRET},local_objection,,2026-1-1,,x", "effective_from that is not a date"),
        (f"{SECRET},local_objection,,2026-02-29,,x", "effective_from that is not a date"),
        (f"{SECRET},local_objection,,2026-13-01,,x", "effective_from that is not a date"),
        (f"{SECRET},local_objection,,2026-01-01T00:00:00,,x", "effective_from that is not a date"),
        (f"{SECRET},local_objection,,1899-12-31,,x", "effective_from that is not a date"),
        (f"{SECRET},local_objection,,9999-12-31,,x", "effective_from that is not a date"),
        (f"{SECRET},local_objection,,2026-01-01,never,x", "effective_to that is not a date"),
        (f"{SECRET},local_objection,,2026-01-01,2026-04-31,x", "effective_to that is not a date"),
        (f"{SECRET},local_objection,,2026-01-02,2026-01-01,x", "ends before it begins"),
        (f"{SECRET},project_consent,asthma,2026-01-02,,", "consent without evidence"),
        (f"{SECRET},project_consent,asthma,2026-01-02,,   ", "consent without evidence"),
        (f"{SECRET},local_objection,,2026-01-01,", "line 3 does not have 6 columns"),
        (f"{SECRET},local_objection,,2026-01-01,,x,y", "line 3 does not have 6 columns"),
        (f"{SECRET};local_objection;;2026-01-01;;x", "line 3 does not have 6 columns"),
        (f"{SECRET}", "line 3 does not have 6 columns"),
        ("", "line 3"),
    ],
)
def test_a_faulty_line(tmp_path: Path, row: str, said: str) -> None:
    assert said in fault(tmp_path, HEADER + f"{GOOD}\n{row}\n{GOOD}\n")


def test_several_faulty_lines_are_counted(tmp_path: Path) -> None:
    bad = f"{SECRET},ndoo,,2026-01-01,,x\n"
    assert "line 3 (and 2 more lines)" in fault(
        tmp_path, HEADER + f"{GOOD}\n{bad}{GOOD}\n{bad}{bad}"
    )


@pytest.mark.parametrize(
    "header",
    [
        "identifier,kind,project,effective_from,effective_to\n",
        "identifier,kind,project,effective_from,effective_to,evidence,opted_out\n",
        "kind,identifier,project,effective_from,effective_to,evidence\n",
        "Identifier,kind,project,effective_from,effective_to,evidence\n",
        "identifier,kind,kind,effective_from,effective_to,evidence\n",
        "identifier;kind;project;effective_from;effective_to;evidence\n",
    ],
)
def test_other_columns(tmp_path: Path, header: str) -> None:
    assert "first line must be" in fault(tmp_path, header)


def test_rows_without_a_header(tmp_path: Path) -> None:
    fault(tmp_path, f"{GOOD}\n")


def test_a_last_line_that_is_not_ended(tmp_path: Path) -> None:
    assert "cut short" in fault(tmp_path, HEADER + GOOD)


def test_a_quotation_mark_cannot_swallow_an_objection(tmp_path: Path) -> None:
    swallowing = f'{SECRET},local_objection,,2026-01-01,,"letter'
    closing = f'{SECRET},local_objection,,2026-01-01,,"'
    fault(tmp_path, HEADER + f"{swallowing}\n{GOOD}\n{closing}\n")
    fault(tmp_path, HEADER + f"{swallowing}\n{GOOD}\n")
    # On the last line there is nothing left to swallow.
    assert read_objections(put(tmp_path, HEADER + f"{swallowing}\n")).rows.num_rows == 1


@pytest.mark.parametrize("content", [b"\xff\xfe", b"caf\xe9", b"\n\x8e"])
def test_another_encoding(tmp_path: Path, content: bytes) -> None:
    # The last is a line of its own with too few columns, which the CSV reader must never see.
    assert "UTF-8" in fault(tmp_path, HEADER.encode() + GOOD.encode() + content + b"\n")


def test_utf16(tmp_path: Path) -> None:
    fault(tmp_path, (HEADER + GOOD + "\n").encode("utf-16"))


def test_nul_bytes(tmp_path: Path) -> None:
    assert "NUL" in fault(tmp_path, HEADER + f"{GOOD}\x00\n")


def test_a_very_long_cell_is_read(tmp_path: Path) -> None:
    long = HEADER + f"{GOOD}{'x' * 1_000_000}\n{GOOD}\n"
    assert read_objections(put(tmp_path, long)).rows.num_rows == 2


def test_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objections, "MAX_BYTES", 100)
    with pytest.raises(Fault) as caught:
        read_objections(put(tmp_path, HEADER + f"{GOOD}\n{GOOD}\n"))
    assert caught.value.code == "CW-FILE-TOO-LARGE"


def test_blocks_do_not_change_what_is_read(tmp_path: Path) -> None:
    many = HEADER + f"{GOOD}\n" * 40_000 + f"{SECRET},ndoo,,2026-01-01,,x\n"
    assert "line 40,002" in fault(tmp_path, many)


CELLS = st.text(alphabet='abc019- ,"\n\r\t', max_size=12)


@given(st.lists(st.lists(CELLS, min_size=5, max_size=7).map(",".join), max_size=4))
@example(['9434765919,local_objection,,2026-01-01,,"a""b"'])
def test_any_text_gives_rows_or_our_fault(
    tmp_path_factory: pytest.TempPathFactory, rows: list[str]
) -> None:
    text = HEADER + "".join(f"{row}\n" for row in rows)
    try:
        found = read_objections(put(tmp_path_factory.mktemp("fuzz"), text))
    except CommonwealError:
        return
    assert found.rows.num_rows == text.count("\n") - 1


@given(st.binary(max_size=60))
def test_any_bytes_give_rows_or_our_fault(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = put(tmp_path_factory.mktemp("fuzz"), HEADER.encode() + content)
    try:
        found = read_objections(folder)
    except CommonwealError:
        return
    assert found.rows.num_rows == content.count(b"\n")
