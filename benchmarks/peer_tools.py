"""What the tools of others do, run by the Python of their own environment (`.venv-peers`).

Started by `peers`, once for each thing measured: `peer_tools WHAT FILE SENSITIVE COLUMNS`. Prints
one JSON document with the answer, the time without reading, and the process's peak memory. Nothing
of the product is imported here, and it imports nothing from here.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anjana.anonymity import k_anonymity as anjana_k
from pycanon import anonymity

from benchmarks.memory import peak_mb


def _table(file: Path) -> pd.DataFrame:
    """The table with every value as text, but numbers in a column called `number`."""
    types: Any = {"number": int}
    names = pd.read_csv(file, nrows=0).columns
    return pd.read_csv(
        file, dtype={name: types.get(name, str) for name in names}, keep_default_na=False
    )


def _anjana(table: pd.DataFrame, quasi: list[str], folder: Path) -> dict[str, Any]:
    """Its greedy search with k = 10 and half of the rows to be left out at most."""
    hierarchies = {}
    for column in quasi:
        file = folder / f"hierarchy_{column}.csv"
        levels = pd.read_csv(file, sep=";", header=None, dtype=str, keep_default_na=False)
        # The first column is the value itself: anjana counts it as level 0 too.
        hierarchies[column] = {level: levels[level].to_numpy() for level in levels}
    kept = anjana_k(table, [], quasi, 10, 50, hierarchies)
    return {"value": len(table) - len(kept), "rows": len(table)}


def _measured(what: str, file: Path, sensitive: str, quasi: list[str]) -> dict[str, Any]:
    measures: dict[str, Callable[[pd.DataFrame], Any]] = {
        "k": lambda table: anonymity.k_anonymity(table, quasi),
        "l": lambda table: anonymity.l_diversity(table, quasi, [sensitive]),
        "entropy l": lambda table: anonymity.entropy_l_diversity(table, quasi, [sensitive]),
        "c": lambda table: anonymity.recursive_c_l_diversity(table, quasi, [sensitive])[0],
        "t": lambda table: anonymity.t_closeness(table, quasi, [sensitive]),
    }
    table = _table(file)
    wall, cpu = time.perf_counter(), time.process_time()
    with contextlib.redirect_stdout(sys.stderr):  # they print
        if what == "anjana":
            found = _anjana(table, quasi, Path(sensitive))
        else:
            found = {"value": float(measures[what](table))}
    spent = {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    if isinstance(found["value"], float) and np.isnan(found["value"]):
        found["value"] = None
    return {**found, **spent, "peak_mb": peak_mb()}


if __name__ == "__main__":
    print(json.dumps(_measured(sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4:])))
