"""No key, sub-key or identifier in any SQL text, plan, log, message or printed object of a build.

Every statement that goes to the table engine is recorded with its bound values, every log record of
every library is kept, and the objects that a traceback would print are printed. The naive twin, a
key as a literal in the statement, shows that the search finds what it looks for.
"""

from __future__ import annotations

import base64
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from commonweal.foundation import connection as connections
from commonweal.vault.keys import Secret
from commonweal.vault.release import prepare, proving
from commonweal.vault.tables import opening
from tests.release_house import MARKER, House, make_house, permitted

DATA = permitted(
    patients={"nhs_number": "pseudonym", "born": "age_band(5,90)", "sex": "exact"},
    admissions={
        "nhs_number": "pseudonym", "admission_id": "record_code", "admitted": "shift",
        "diagnosis": "truncate(3)",
    },
    tests={"test_id": "record_code", "value": "round(0.5)"},
)  # fmt: skip


class Recorded:
    """A connection that keeps what it is told. `bound`: values that went in beside the text."""

    def __init__(self, real: duckdb.DuckDBPyConnection, kept: list[str], plans: list[str]) -> None:
        self._real, self._kept, self._plans = real, kept, plans

    def execute(self, statement: str, *bound: Any) -> duckdb.DuckDBPyConnection:
        self._kept.append(statement)
        if statement.lstrip().upper().startswith(("SELECT", "COPY (", "CREATE TEMP TABLE")):
            asked = statement if "AS SELECT" in statement or bound == () else ""
            if asked and " (inner_pad" not in asked and not asked.startswith("COPY"):
                self._plans.append(str(self._real.execute(f"EXPLAIN {asked}").fetchall()))
        return self._real.execute(statement, *bound)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class Listening(logging.Handler):
    """Keeps every log record in words."""

    def __init__(self) -> None:
        super().__init__(0)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(f"{record.getMessage()} {record.args} {record.exc_info}")


def spellings(secret: bytes) -> list[str]:
    """A key as somebody might print it, and the padded halves that HMAC makes of it."""
    padded = secret.ljust(64, b"\0")
    forms = [secret, *(bytes(b ^ pad for b in padded) for pad in (0x36, 0x5C))]
    found = []
    for form in forms:
        found += [
            form.hex(), form.hex().upper(), base64.b64encode(form).decode(),
            base64.urlsafe_b64encode(form).decode().rstrip("="), repr(form)[2:-1],
            "".join(f"\\x{byte:02X}" for byte in form), form.decode("latin-1"),
        ]  # fmt: skip
    return found


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = make_house(tmp_path / "house", count=40)
    yield made
    made.close()


def leaks(said: list[str], keys: list[bytes], house: House) -> list[str]:
    """Which secrets stand in what was said."""
    words = [spelling for key in keys for spelling in spellings(key)]
    words += [MARKER, *house.numbers]
    whole = "\n".join(said)
    return [word for word in words if word in whole]


def test_nothing_is_shown(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    statements: list[str] = []
    plans: list[str] = []
    used: list[bytes] = []
    real_use, real_connect = Secret.use, connections.connect

    def use(self: Secret) -> bytes:
        used.append(real_use(self))
        return used[-1]

    def connect(*args: Any, **kwargs: Any) -> Any:
        return Recorded(real_connect(*args, **kwargs), statements, plans)

    listening = Listening()
    logging.getLogger().addHandler(listening)
    logging.getLogger().setLevel(0)
    said: list[str] = []

    def watch(step: str) -> None:
        said.append(step)

    monkeypatch.setattr(Secret, "use", use)
    monkeypatch.setattr(opening, "connect", connect)
    printed: list[str] = []
    real_prepare = prepare.prepare

    def seen(*args: Any, **kwargs: Any) -> Any:
        prepared = real_prepare(*args, **kwargs)
        printed.extend([repr(prepared), repr(args), str(prepared.shaper.keys)])
        return prepared

    monkeypatch.setattr("commonweal.vault.release.build.prepare", seen)
    try:
        permit = house.issue(data=DATA, processing=["table", "train"], risk={"k": 2})
        report = house.build(permit, progress=watch)
        proving.prove_person(house.custody(), report.folder, house.numbers[0])
        printed += [repr(report.plain()), *report.sentences(), repr(house.custody())]
        printed += [repr(house.verify(report.folder).plain())]
    finally:
        logging.getLogger().removeHandler(listening)
        logging.getLogger().setLevel(logging.WARNING)
    keys = [key for key in dict.fromkeys(used) if len(key) >= 16]
    assert len(keys) > 10
    assert len(statements) > 100
    assert len(plans) > 20
    assert printed
    assert leaks([*statements, *plans, *listening.said, *said, *printed], keys, house) == []
    # What lies on the disk beside the wrapped keys holds none of them either.
    raw = [key.hex() for key in keys]
    for path in house.home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(key in content for key in keys), path.name
            assert not any(one.encode() in content for one in raw), path.name
    # The twin is found by the same search.
    key = keys[0]
    shown = base64.b64encode(key).decode()
    for naive in (f"SELECT '{key.hex()}'", f"SELECT {key!r}", f"'{shown}'"):
        assert leaks([naive], keys, house)


@pytest.mark.parametrize("step", ["Reading", "Applying", "Measuring", "Writing", "Making"])
def test_an_error_at_any_step_tells_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    used: list[bytes] = []
    real_use = Secret.use

    def use(self: Secret) -> bytes:
        used.append(real_use(self))
        return used[-1]

    monkeypatch.setattr(Secret, "use", use)
    real = duckdb.DuckDBPyConnection.execute
    armed = False

    class Failing(Recorded):
        def execute(self, statement: str, *bound: Any) -> Any:
            if armed:
                # DuckDB's own messages quote values and statements.
                raise duckdb.ConversionException(f"could not convert {house.numbers[0]} in {bound}")
            return self._real.execute(statement, *bound)

    def connect(*args: Any, **kwargs: Any) -> Any:
        return Failing(connections.connect(*args, **kwargs), [], [])

    def arm(now: str) -> None:
        nonlocal armed
        armed = armed or now.startswith(step)

    monkeypatch.setattr(opening, "connect", connect)
    permit = house.issue(data=DATA, processing=["table", "train"], risk={"k": 2})
    with pytest.raises(Exception, match="CW-ENGINE-FAILED") as caught:
        house.build(permit, progress=arm)
    assert real is duckdb.DuckDBPyConnection.execute
    shown = "".join(traceback.format_exception(caught.value))
    keys = [key for key in dict.fromkeys(used) if len(key) >= 16]
    assert leaks([shown, repr(caught.value)], keys, house) == []
    assert list(house.releases.iterdir()) == []
    assert list((house.home / "work").iterdir()) == []
