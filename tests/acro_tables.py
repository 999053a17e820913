"""Tables made by acro for tests, run by the Python of `.venv-oracles`. Nothing of the product.

`acro_tables OUT`: makes the tables of `acro_tables_plain` with acro, prints one JSON document with
what it said of each, and finalises a session into `OUT/session`.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from pathlib import Path

import pandas as pd
from acro import ACRO

from tests.acro_tables_plain import records, tables


def said() -> dict[str, str]:
    """acro's verdict on each table."""
    frame = pd.DataFrame(records())
    session = ACRO(suppress=False)
    for _, names, only, what in tables():
        rows = frame
        for name, value in only.items():
            rows = rows[rows[name] == value]
        index = [rows[one] for one in names[: max(1, len(names) // 2)]]
        columns = [rows[one] for one in names[max(1, len(names) // 2) :]] or [
            pd.Series(["all"] * len(rows), index=rows.index, name="all")
        ]
        more = {"values": rows["x"], "aggfunc": "mean"} if what == "mean" else {}
        session.crosstab(index, columns, **more)
    results = session.results.results.values()
    return {name: one.status for (name, *_), one in zip(tables(), results, strict=True)}


def make_session(folder: Path) -> None:
    """A finalised session: a safe table, one with a small cell, and a file of the caller's own."""
    frame = pd.DataFrame(records())
    session = ACRO(suppress=False)
    session.crosstab(frame["v1"], frame["v2"])
    few = frame[frame["v1"] == "C"]
    session.crosstab(few["v3"], [few["v4"], few["v2"]])
    own = folder.parent / "own.csv"
    own.write_text("name,nhs\nA,943 476 5919\nB,943 476 5870\n")
    session.custom_output(str(own), "my own")
    session.add_exception("output_1", "please")
    session.finalise(str(folder), "json")


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    with contextlib.redirect_stdout(sys.stderr):
        found = said()
        make_session(Path(sys.argv[1]) / "session")
    print(json.dumps(found))
