"""Who decides, as everybody reads it, with something of each kind to see."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


def shown_to_everybody(home: Path, browser: Callable[[str], Any]) -> None:
    """What members say of themselves, published or not, and the record of the oversight group.

    `browser`: gives one in which somebody is signed in.
    """
    as_grace, as_kate, as_irene = browser("grace"), browser("kate"), browser("irene")
    as_grace.post("/who-decides/me/", {"interests": "My sister works for a drug firm."})
    seen = {"of": "grace", "seen": "My sister works for a drug firm.", "do": "publish"}
    as_kate.post("/who-decides/interests/", seen)
    as_irene.post("/who-decides/me/", {"by_name": "role", "interests": "none"})
    (home / "public" / "oversight-group.yaml").write_text(
        "oversight_group: 1\nname: The oversight group\ndoes: It reads how we decided.\n"
        "chosen: Patients choose its members.\nmembers: [{role: patient, interests: none}]\n"
        "meets: [2099-01-02]\nadvice: [{on: 2026-02-01, about: Words, said: Write shorter.}]\n"
        "updated_on: 2026-02-02\n",
        encoding="utf-8",
    )
