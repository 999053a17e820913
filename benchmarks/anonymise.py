"""Benchmark of optimal generalisation, on UCI Adult, beside the figures that ARX publishes.

`run()` returns rows {what, value, unit, budget}. The scores and nodes expected are those of ARX's
own unit tests (TestAnonymizationKAnonymity, TestAnonymizationEntropyLDiversity,
TestAnonymizationTCloseness, TestAnonymizationRiskBased; repository arx-deidentifier/arx). ARX's
time in `ARX_SECONDS` is that of the plan's facts, taken on another machine of two cores. The
data are not part of the repository: `COMMONWEAL_ADULT` names the folder with `adult.csv` and its
hierarchies, else `../shared/data/adult` beside the checkout is looked for.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as csv

from commonweal.vault.risk.anonymise import Builtin, Hierarchy, Request, read_folder
from commonweal.vault.risk.anonymise.anonymise import work_out

ROUNDS = 3
ARX_SECONDS = 2.3
"""Warm ARX 3.7.0 on k = 5 with 4 % suppressed: the least CPU seconds measured, another machine."""

Node = tuple[int, ...]
Case = tuple[str, Request, float, Node | None]


def _cases() -> list[Case]:
    occupation = {"sensitive": ["occupation"]}
    tree = Request(k=5, t=0.2, ground="hierarchical", suppress=0.04, **occupation)
    equal = Request(
        k=5, t=0.2, suppress=0.04, metric="discernibility", counts_suppressed=False, **occupation
    )
    varied = Request(
        k=1, l=5, diversity="entropy", suppress=0.04, counts_suppressed=True, **occupation
    )
    risk = Request(k=1, mean_risk=0.01, suppress=0.04, counts_suppressed=True)
    return [
        ("k 5, 4 %", Request(k=5, suppress=0.04), 255559.85455731067, (1, 0, 1, 1, 3, 2, 2, 0, 1)),
        ("k 100, 4 %", Request(k=100, suppress=0.04), 379417.3460570988,
         (1, 1, 1, 1, 3, 2, 2, 1, 1)),
        ("k 5, 0 %", Request(k=5), 407289.5388925293, (1, 2, 1, 1, 3, 2, 2, 1, 1)),
        ("k 100, 0 %", Request(k=100), 453196.8932458743, (0, 4, 1, 1, 3, 2, 2, 1, 1)),
        ("entropy l 5, 4 %", varied, 228878.2039109519, (1, 0, 1, 1, 2, 2, 2, 1)),
        ("entropy l 5, 0 %", replace(varied, suppress=0.0), 324620.5269918695,
         (1, 1, 1, 1, 3, 2, 2, 1)),
        ("t 0.2 equal, k 5, 4 %", equal, 3.11880088e8, (1, 4, 1, 0, 3, 2, 2, 1)),
        ("t 0.2 equal, k 5, 0 %", replace(equal, suppress=0.0), 4.56853172e8,
         (1, 4, 1, 1, 3, 2, 2, 1)),
        ("t 0.2 tree, k 5, 4 %", tree, 377622.78458729305, (1, 4, 0, 0, 3, 2, 2, 1)),
        ("t 0.2 tree, k 100, 4 %", replace(tree, k=100), 390436.40440636466,
         (1, 4, 1, 0, 3, 1, 2, 1)),
        ("t 0.2 tree, k 5, 0 %", replace(tree, suppress=0.0), 398400.0741806447,
         (0, 4, 1, 1, 3, 2, 2, 1)),
        # Which of classes of one size are left out is chance in ARX: its score differs by 0.015 %.
        ("mean risk 0.01, 4 %", risk, 314637.8461904862, (1, 0, 1, 1, 3, 2, 2, 1, 1)),
    ]  # fmt: skip


def adult_folder() -> Path:
    """Where Adult lies. Ends the benchmark with a sentence where it does not."""
    named = os.environ.get("COMMONWEAL_ADULT")
    default = Path(__file__).parents[2] / "shared" / "data" / "adult"
    folder = Path(named) if named else default
    if not (folder / "adult.csv").is_file():
        sys.exit("UCI Adult is not there: name its folder with COMMONWEAL_ADULT.")
    return folder


def run() -> list[dict[str, Any]]:
    """Every published case once more, then what is not published elsewhere."""
    folder = adult_folder()
    hierarchies = dict(read_folder(folder))
    table = _adult(folder)
    found: list[dict[str, Any]] = []
    for what, request, score, node in _cases():
        seconds, report = _timed(table, _known(hierarchies, request), request)
        same = tuple(report["levels"].values()) == node
        off = abs(report["score"] - score) / score
        found += [
            _row(f"{what}: node is ARX's", int(same), "1 = yes", "at least 1"),
            _row(
                f"{what}: score off ARX's", off, "relative",
                "at most 0.001" if request.mean_risk else "at most 1e-12",
            ),
            _row(f"{what}: proved optimal", int(report["optimal"]), "1 = yes", "at least 1"),
            _row(f"{what}: CPU time, tables and reports included", round(seconds, 3), "s", ""),
        ]  # fmt: skip
    found.append(_arx(table, hierarchies))
    return found + _others(table, hierarchies) + _repeated(table, hierarchies)


def _arx(table: pa.Table, hierarchies: dict[str, Hierarchy]) -> dict[str, Any]:
    seconds, _ = _timed(table, hierarchies, Request(k=5, suppress=0.04))
    what = "k 5, 4 %: warm ARX (another machine) over ours"
    return _row(what, round(ARX_SECONDS / seconds, 1), "x", "at least 3")


def _others(table: pa.Table, hierarchies: dict[str, Hierarchy]) -> list[dict[str, Any]]:
    found = []
    for metric in ("loss", "discernibility", "average_class_size"):
        request = Request(k=5, suppress=0.04, metric=metric)
        seconds, report = _timed(table, hierarchies, request)
        found += [
            _row(f"{metric}, k 5, 4 %: score", report["score"], "", ""),
            _row(f"{metric}, k 5, 4 %: nodes checked", report["nodes_checked"], "of 12,960", ""),
            _row(f"{metric}, k 5, 4 %: CPU time", round(seconds, 3), "s", ""),
        ]
    six = {name: hierarchies[name] for name in list(table.column_names)[:6]}
    ten = Request(k=10, suppress=0.05, metric="loss")
    _, report = _timed(table, six, ten)
    share = 100 * report["suppressed"] / report["rows"]
    found.append(
        _row("k 10, 6 columns: rows left out (anjana 43.7 %)", round(share, 2), "%", "at most 5")
    )
    seconds, report = _timed(table, six, replace(ten, local=True))
    won = report["local"]
    found += [
        _row("the same with local recoding: rows left out", report["suppressed"], "", ""),
        _row("loss before local recoding", round(won["loss_before"], 4), "", ""),
        _row("loss after local recoding", round(won["loss_after"], 4), "", ""),
        _row("CPU time with local recoding", round(seconds, 3), "s", ""),
    ]
    return found


def _repeated(table: pa.Table, hierarchies: dict[str, Hierarchy]) -> list[dict[str, Any]]:
    many = pa.concat_tables([table] * 33)
    seconds, report = _timed(many, hierarchies, Request(k=165, suppress=0.04), rounds=1)
    same = tuple(report["levels"].values()) == (1, 0, 1, 1, 3, 2, 2, 0, 1)
    size = f"{many.num_rows:,} rows (33 copies), k 165, 4 %"
    return [
        _row(f"{size}: node is ARX's", int(same), "1 = yes", "at least 1"),
        _row(f"{size}: CPU time", round(seconds, 2), "s", ""),
    ]


def _adult(folder: Path) -> pa.Table:
    whole = csv.read_csv(folder / "adult.csv", parse_options=csv.ParseOptions(delimiter=";"))
    return pa.table({name: whole[name].cast(pa.string()) for name in whole.column_names})


def _known(hierarchies: dict[str, Hierarchy], request: Request) -> dict[str, Hierarchy | Builtin]:
    if request.ground == "hierarchical":
        return dict(hierarchies)
    return {name: one for name, one in hierarchies.items() if name not in request.sensitive}


def _timed(
    table: pa.Table,
    hierarchies: dict[str, Hierarchy] | dict[str, Hierarchy | Builtin],
    request: Request,
    rounds: int = ROUNDS,
) -> tuple[float, dict[str, Any]]:
    taken = []
    report: dict[str, Any] = {}
    for _ in range(rounds):
        began = time.process_time()
        report = work_out(table, dict(hierarchies), request).report
        taken.append(time.process_time() - began)
    return statistics.median(taken), report


def _row(what: str, value: float, unit: str, budget: str) -> dict[str, Any]:
    return {"what": what, "value": value, "unit": unit, "budget": budget}


if __name__ == "__main__":
    for row in run():
        print(f"{row['what']}: {row['value']} {row['unit']} {row['budget']}")
