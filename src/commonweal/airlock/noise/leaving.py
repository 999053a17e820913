"""Counts with noise as they ask to leave: a file of their own kind, with what was paid for them.

They are not fed to the audit of exact figures. That audit asks what sums and differences of exact
counts give away; noisy ones add up to nothing exact, and what they give away at most is said by
the epsilons that were paid, which the budgets bound. What the audit cannot say either, that exact
figures of the same people have left, is told to who looks.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

from commonweal.airlock.leaving.freezing import Source
from commonweal.airlock.leaving.gathering import Gathered
from commonweal.airlock.noise.budget import Standing
from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.report import FileReport
from commonweal.airlock.rules.findings import Finding
from commonweal.foundation.files import write_atomic
from commonweal.papers.noise import MILLION, NoisyAnswer
from commonweal.papers.output_manifest import FileFound

REQUEST, FIGURES = "noisy.json", "noisy.csv"


def noisy_file(answer: NoisyAnswer) -> bytes:
    """The counts as they leave: a row a cell, with how far it may be off, and the sentence."""
    sink = io.StringIO(newline="")
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(["cell", "people", "within", "protected"])
    for one in answer.counts:
        writer.writerow([one.name, one.people, answer.within, answer.sentence])
    return sink.getvalue().encode("utf-8")


def gather_noisy(
    answer: NoisyAnswer,
    beside: Sequence[Finding],
    budgets: tuple[Standing, Standing],
    profile: RuleProfile,
    work: Path,
) -> Gathered:
    """The files of an answer and what is found of them. `work`: an empty folder.

    `budgets`: the project's, and that of the people over all projects.
    """
    content = {REQUEST: answer.request.canonical(), FIGURES: noisy_file(answer)}
    for name, written in content.items():
        write_atomic(work / name, written, exclusive=True)
    hashed = f"sha256:{hashlib.sha256(content[REQUEST]).hexdigest()}"
    report = FileReport(REQUEST, "noisy", hashed, tuple(beside), card=tuple(_card(answer, budgets)))
    figures = Source(work / FIGURES, "noisy", "csv", "noisy", REQUEST)
    request = Source(work / REQUEST, "request", "json", "recomputed")
    verdict = report.verdict("reviewer")
    said = report.for_record(profile)
    found = (
        FileFound(path=REQUEST, verdict=verdict, report=said),
        FileFound(path=FIGURES, verdict=verdict),
    )
    return Gathered((request, figures), found)


def _card(answer: NoisyAnswer, budgets: tuple[Standing, Standing]) -> list[str]:
    """What was promised, paid and is left: for who judges it."""
    mine, together = budgets
    asked = answer.request
    here = f"{mine.spent / MILLION:g} of {(mine.budget or 0) / MILLION:g}"
    everywhere = f"{together.spent / MILLION:g} of {(together.budget or 0) / MILLION:g}"
    promise = (
        "That one person was counted changes the chance of any answer by at most the factor e to "
        f"the power of {asked.epsilon}. A person counts in {asked.at_most} of the cells at most."
    )
    return [
        answer.sentence,
        promise,
        f"Entry {answer.spend} of the ledger paid an epsilon of {asked.epsilon} for it.",
        f"The project has spent {here}; all projects on these people {everywhere}.",
    ]
