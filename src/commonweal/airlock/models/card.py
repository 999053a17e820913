"""A model's card: its figures for the people who decide, and in plain words for everybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from commonweal.airlock.rules.findings import Finding, verdict_of

ATTACKS = {
    "loss": "how sure the model is",
    "learned": "a forest on all that it says",
    "straight": "a regression on all that it says",
    "offline": "models made again without the person",
    "online": "models made again with and without the person",
}
FIGURES = {
    "auc": "area under the curve (0.5 tells nothing)",
    "true_positives": "members named where few others are",
    "advantage": "true less false positives at best",
    "attribute": "hidden values guessed more often of members",
}


@dataclass(frozen=True)
class ModelReport:
    """What was found of a model, and its card (JSON values)."""

    findings: tuple[Finding, ...]
    card: dict[str, Any]

    def lines(self) -> list[str]:
        """The card as a reviewer prints it."""
        card = self.card
        model, people, limits = card["model"], card["people"], card["limits"]
        told = [
            f"Model {model['name']}: {card['verdict']}",
            f"  {model['kind']}, {model['bytes']:,} bytes, {model['sha256']}",
            f"  about {model['parameters']:,} learned numbers",
            f"  trained on {people['members']:,} people, held out {people['others']:,}",
            f"  limits {limits['name']} {limits['version']}, seed {card['seed']}",
            f"  models made again: {_again(card.get('again'))}",
        ]
        return told + [
            f"  {ATTACKS.get(one['attack'], one['attack'])}: {FIGURES[one['figure']]} "
            f"{one['value']:.3f} ({one['low']:.3f} to {one['high']:.3f}), "
            f"limit {one['limit']}: {one['verdict']}"
            for one in card["figures"]
        ]

    def plain_words(self) -> list[str]:
        """For the register: no figure of few people, no name of a method."""
        card = self.card
        people = card["people"]
        told = []
        if people["members"] >= 100:
            about = round(people["members"], -2)
            told.append(f"The model was made with data of about {about:,} people.")
        if card["figures"]:
            told.append(
                "We tried to find out from the model alone whose data it was made with, as "
                "somebody who wanted to know would try."
            )
            worst = max(
                (one for one in card["figures"] if one["figure"] == "auc"),
                key=lambda one: float(one["high"]),
                default=None,
            )
            if worst is not None:
                share = round(100 * worst["high"])
                told.append(
                    "Shown one person whose data were used and one whose were not, our best try "
                    f"would name the right one at most {share} times in 100. Tossing a coin would "
                    "50 times."
                )
        if card["shadows"]:
            told.append("We also made the model again without each of many people, and compared.")
        told.append("This is not a promise that nobody can ever learn anything about one person.")
        return told


def _again(said: dict[str, Any] | None) -> str:
    """How many models were made again, and what the one on the same people was like."""
    if said is None:
        return "none"
    told = f"{said['made']} of {said['asked']} on other people"
    if not said["control"]:
        return f"{told}, none on the same"
    apart = "without end" if said["apart"] is None else f"by at most {said['apart']:.6f}"
    recipe = "the same" if said["same_recipe"] else "not the same"
    return f"{told}; the one on the same people differs {apart}; recipe {recipe} each time"


def made(
    findings: list[Finding], model: dict[str, Any], people: dict[str, int],
    figures: list[dict[str, Any]], more: dict[str, Any],
) -> ModelReport:  # fmt: skip
    """The report of one model."""
    card = {
        "card": 1,
        "verdict": verdict_of(findings),
        "model": model,
        "people": people,
        "figures": figures,
        **more,
    }
    return ModelReport(tuple(findings), card)
