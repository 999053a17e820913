"""One table by acro, run by the Python of `.venv-oracles`.

Started by `disclosure` as `acro_table FILE count|mean`, once for each table. Prints one JSON
document with the figures, the time without reading, and the process's peak memory. Nothing of the
product is imported here, and it imports nothing from here. acro counts rows: it cannot do better.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
from acro import ACRO

from benchmarks.memory import peak_mb


def table(file: Path, what: str) -> dict[str, Any]:
    """Cross-tabulate wards and age bands, all of acro's checks included."""
    logging.disable(logging.CRITICAL)
    began = time.perf_counter()
    rows = pd.read_csv(file)
    reading = time.perf_counter() - began
    more = {} if what == "count" else {"values": rows["cost"], "aggfunc": "mean"}
    with contextlib.redirect_stdout(sys.stderr):  # it prints
        session = ACRO(suppress=False)
        wall, cpu = time.perf_counter(), time.process_time()
        made = session.crosstab(rows["ward"], rows["age"], **more)
        spent = {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    figures = {
        f"{ward} {age}": float(made.at[ward, age])
        for ward in made.index
        for age in made.columns
        if str(ward).startswith("ward") and str(age).startswith("age")
    }
    return {"figures": figures, **spent, "reading": reading, "peak_mb": peak_mb()}


if __name__ == "__main__":
    print(json.dumps(table(Path(sys.argv[1]), sys.argv[2])))
