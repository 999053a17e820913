"""Examining a model that asks to leave: read, looked at in parts, run, attacked.

`examine` is the way in. The order is from what ends an examination to what takes long: a file that
is no model, parts of it, then what it says of people who were trained on and of people who were
not. Nothing passes that could not be tried: no release, no recipe, no hold-out, too few people, or
a model that says nothing of its outcome are a person's review at best.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from commonweal.airlock.models import attacks, figures, structure
from commonweal.airlock.models.again import Making, make_again
from commonweal.airlock.models.attacks import Said
from commonweal.airlock.models.card import ModelReport, made
from commonweal.airlock.models.detecting import Kind, kind_of
from commonweal.airlock.models.examples import (
    Examples,
    Files,
    examples,
    fed_names,
    refuse_shared,
    release_files,
    text,
)
from commonweal.airlock.models.inside.operators import TREES
from commonweal.airlock.models.limits import ModelLimits
from commonweal.airlock.models.retraining import Retrainer, Samples
from commonweal.airlock.models.running import Bench
from commonweal.airlock.models.structure import Looked
from commonweal.airlock.models.telling import Teller, says_something
from commonweal.airlock.opened import OpenRelease
from commonweal.airlock.profile import Stop
from commonweal.airlock.rules.findings import Finding
from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.files import make_private_folder, read_bytes, thaw_and_remove
from commonweal.papers.model_recipe import ModelRecipe

Array = npt.NDArray[np.float64]
MOST_PEOPLE = 50_000
"""People of each side who are attacked; more are drawn from by chance."""
LEAST_TO_TRY = 20
_MOST_LEVELS = 10
_MOST_ATTRIBUTES = 10


@dataclass(frozen=True)
class Material:
    """What a model is held against.

    release: the one that its job had mounted. holdout: files of the people whom no job saw; None
    where the permit kept nobody back. recipe, retrainer: what made it, and who can make it again.
    private: whether the permit says that it was made with differential privacy, which lifts the
    refusal of models that keep examples to a person's review, and nothing else. recipe_file: the
    hash of the recipe's file.
    """

    release: OpenRelease
    holdout: Files | None = None
    recipe: ModelRecipe | None = None
    retrainer: Retrainer | None = None
    private: bool = False
    recipe_file: str | None = None


def examine(
    file: Path, name: str, bench: Bench, limits: ModelLimits, material: Material | None,
    seed: int | None = None,
) -> ModelReport:  # fmt: skip
    """What is found of a model. `seed`: drawn where it is absent; it is on the card.

    Raises `Unavailable` where the sandbox or the packages for it are not there, and `Fault`
    CW-OUTPUT-RELEASE where release and hold-out do not fit: then there is no verdict.
    """
    content = read_bytes(file, "The model", limit=limits.most_bytes + 1)
    folder = bench.work / f"examined-{secrets.token_hex(8)}"
    make_private_folder(folder)
    try:
        # A copy of ours: what was hashed is what is read, run and attacked.
        copy = folder / "model"
        copy.write_bytes(content)
        drawn = secrets.randbits(32) if seed is None else seed
        return _Examination(copy, name, content, bench, limits, material, drawn, folder).report()
    finally:
        thaw_and_remove(folder)


@dataclass
class _Examination:
    file: Path
    name: str
    content: bytes
    bench: Bench
    limits: ModelLimits
    material: Material | None
    seed: int
    folder: Path
    found: list[Finding] = field(default_factory=list)
    shown: list[dict[str, Any]] = field(default_factory=list)
    parameters: int = 0
    shadows: int = 0
    again: dict[str, Any] | None = None
    people: dict[str, int] = field(default_factory=lambda: {"members": 0, "others": 0})
    operators: dict[str, int] = field(default_factory=dict)

    def report(self) -> ModelReport:
        kind = kind_of(self.content)
        if len(self.content) > self.limits.most_bytes:
            self._add("model-large", "fail")
        elif kind is None:
            self._add("model-kind", "fail")
        else:
            self._read(kind)
        return self._made(kind)

    def _add(self, rule: str, outcome: Stop, value: float | None = None,
             threshold: float | None = None, **where: str) -> None:  # fmt: skip
        place = {"table": self.name, **where}
        self.found.append(Finding(rule, "Unknown", outcome, place, value, threshold))

    def _made(self, kind: Kind | None) -> ModelReport:
        limits, material = self.limits, self.material
        recipe = None if material is None else material.recipe
        retrainer = None if material is None else material.retrainer
        model = {
            "name": self.name, "kind": kind or "unknown", "bytes": len(self.content),
            "sha256": f"sha256:{hashlib.sha256(self.content).hexdigest()}",
            "parameters": self.parameters, "operators": self.operators,
        }  # fmt: skip
        more = {
            "release": None if material is None else material.release.release,
            "recipe": None if recipe is None else recipe.digest(),
            "recipe_file": None if material is None else material.recipe_file,
            "code": None if retrainer is None else retrainer.code,
            "shadows": self.shadows, "again": self.again, "seed": self.seed,
            "limits": {"name": limits.name, "version": limits.version, "digest": limits.digest()},
        }  # fmt: skip
        return made(self.found, model, self.people, self.shown, more)

    # --- parts ----------------------------------------------------------------------------

    def _read(self, kind: Kind) -> None:
        try:
            said, values = self.bench.describe(self.file, kind, self.limits.most_values)
        except Fault as error:
            self._add("model-large" if error.code == "CW-MODEL-LARGE" else "model-file", "fail")
            return
        material = self.material
        recipe = None if material is None else material.recipe
        exempt = material is not None and material.private
        model = Looked(self.name, said, values, self.limits, exempt)
        self.parameters, self.operators = model.parameters(), dict(said.operators)
        self.found += structure.alone(model, _known(recipe))
        if material is None:
            self._add("model-run", "review")
            self._add("model-unproved", "review")
            return
        tables = sorted(
            name for name, table in material.release.tables.items() if table.person is not None
        )
        self.found += structure.with_release(model, material.release, tables)
        if recipe is None:
            self.found += structure.without_recipe(
                model, material.release, tables, material.holdout
            )
            self._add("model-run", "review")
            self._add("model-unproved", "review")
            return
        self._with_data(model, kind, material, recipe)

    def _with_data(
        self, model: Looked, kind: Kind, material: Material, recipe: ModelRecipe
    ) -> None:
        try:
            members = examples(material.release, recipe, release_files(material.release))
        except Refused as error:
            if error.code != "CW-MODEL-RECIPE":
                raise
            self.found.append(Finding(
                "model-run", "Unknown", "review", {"table": self.name}, said=error.sentence
            ))  # fmt: skip
            return
        others = None
        if material.holdout:
            others = examples(material.release, recipe, material.holdout)
            refuse_shared(members, others)
        self.people = {"members": members.people, "others": others.people if others else 0}
        self.found += structure.with_rows(model, members, others)
        if not {"fail"} & {one.outcome for one in self.found if one.rule in _ENDS}:
            self._leaves(model, members)
            self._attacks(kind, members, others, material, recipe)

    def _leaves(self, model: Looked, members: Examples) -> None:
        if not TREES & model.operators:
            return
        try:
            found = self.bench.leaves(self.file, members.fed)
        except Fault:
            found = None
        if found is None:
            self._add("model-run", "review", None, None, part="leaves")
        else:
            self.found += structure.with_leaves(model, members, *found)

    # --- attacks --------------------------------------------------------------------------

    def _attacks(
        self, kind: Kind, members: Examples, others: Examples | None, material: Material,
        recipe: ModelRecipe,
    ) -> None:  # fmt: skip
        limits, few = self.limits, others.people if others else 0
        if few < limits.least_holdout:
            self._add("model-few", "review", few, limits.least_holdout, people="held out")
        if members.people < limits.least_members:
            self._add("model-few", "review", members.people, limits.least_members, people="members")
        if others is None or min(few, members.people) < LEAST_TO_TRY:
            self._add("model-unproved", "review")
            return
        chance = np.random.default_rng(self.seed)
        members, others = _drawn(members, chance), _drawn(others, chance)
        teller = Teller(self.bench, kind, recipe)
        try:
            mine, theirs = teller.said(self.file, members, others)
        except (Fault, Refused):
            self._add("model-run", "review")
            self._add("model-unproved", "review")
            return
        if not says_something(mine, limits.confidence):
            self._add("model-blind", "review")
        for attack, scores in attacks.worst_case(mine, theirs, self.seed).items():
            self._judge(attack, *scores, chance)
        self._hidden(teller, members, others, recipe)
        self._made_again(teller, mine, theirs, material, chance)

    def _judge(self, attack: str, mine: Array, theirs: Array, chance: np.random.Generator) -> None:
        limits = self.limits
        sure, rate = limits.confidence, limits.low_false_positives
        self._figure(attack, "auc", figures.area(mine, theirs, sure), limits.auc)
        named = figures.true_positives(mine, theirs, rate, sure)
        self._figure(attack, "true_positives", named, limits.true_positives)
        best = figures.advantage(mine, theirs, sure, chance)
        self._figure(attack, "advantage", best, limits.advantage)
        count, by_chance = figures.before_all(mine, theirs)
        if by_chance < limits.tail:
            self._add("model-tail", "fail", float(count), None, attack=attack)

    def _figure(self, attack: str, kind: str, found: figures.Interval, limit: float) -> None:
        outcome: Stop | None = None
        if found.low > limit:
            outcome = "fail"
        elif found.high > limit:
            outcome = "review"
        self.shown.append({
            "attack": attack, "figure": kind, **found.plain(), "limit": limit,
            "verdict": outcome or "pass",
        })  # fmt: skip
        rule = "model-attribute" if kind == "attribute" else "model-attack"
        if outcome:
            self._add(rule, outcome, found.value, limit, attack=attack, figure=kind)

    def _hidden(
        self, teller: Teller, members: Examples, others: Examples, recipe: ModelRecipe
    ) -> None:
        """Whether what is hidden of a person is guessed more often where they were trained on."""
        at = tried = 0
        for one in recipe.features:
            if 2 <= len(one.levels) <= _MOST_LEVELS and tried < _MOST_ATTRIBUTES:
                tried += 1
                right = teller.guessed(self.file, (members, others), at, one)
                (first, n), (second, m) = ((int(row.sum()), len(row)) for row in right)
                gain = figures.difference((first, n), (second, m), self.limits.confidence)
                name = f"hidden {one.column.name}"
                self._figure(name, "attribute", gain, self.limits.attribute_gain)
            at += one.width

    def _made_again(
        self, teller: Teller, mine: Said, theirs: Said, material: Material,
        chance: np.random.Generator,
    ) -> None:  # fmt: skip
        retrainer, limits = material.retrainer, self.limits
        if retrainer is None or material.holdout is None:
            self._add("model-unproved", "review")
            return
        samples = Samples(material.release, material.holdout)
        making = Making(teller, retrainer, samples, (mine, theirs), self.folder,
                        material.recipe_file)  # fmt: skip
        made = make_again(making, limits.shadows, chance)
        self.again = made.plain()
        if made.apart is not None and made.apart > limits.agreement:
            self._add("model-again", "review", made.apart, limits.agreement)
        if made.why is not None:
            where = {"table": self.name, "why": made.why.code}
            self.found.append(
                Finding("model-unproved", "Unknown", "review", where, said=made.sentence)
            )
            return
        self.shadows = made.made
        if made.unlike > limits.unlike:
            self._add("model-unlike", "review", made.unlike, limits.unlike)
        count = mine.of.people
        for attack, (scores, known) in attacks.lira(*made.said).items():
            self._judge(attack, scores[:count][known[:count]], scores[count:][known[count:]],
                        chance)  # fmt: skip


_ENDS = frozenset(
    {"model-external", "model-operator", "model-hidden", "model-instance", "model-rows"}
)
"""Failures after which a model is not run: what it is made of is not known, or is people's rows."""


def _drawn(of: Examples, chance: np.random.Generator) -> Examples:
    if of.people <= MOST_PEOPLE:
        return of
    chosen = np.zeros(of.people, bool)
    chosen[chance.choice(of.people, MOST_PEOPLE, replace=False)] = True
    return of.keep(chosen[of.person])


def _known(recipe: ModelRecipe | None) -> frozenset[str]:
    if recipe is None:
        return frozenset()
    levels = [level for one in recipe.features for level in one.levels]
    names = [one.column.name for one in recipe.features] + fed_names(recipe)
    return frozenset([*(text(one) for one in (*levels, *recipe.target.classes)), *names])


__all__ = ["Material", "ModelReport", "examine"]
