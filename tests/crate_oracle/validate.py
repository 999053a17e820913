"""Runs roc-validator on a crate without network, with the Python of the oracles' environment.

    python validate.py CRATE TERMS

The validator fetches the JSON-LD context of RO-Crate 1.2 from the network. Here it is given `TERMS`
instead, which holds the terms that our crates use, and every other address is refused. Prints one
JSON document: whether all required checks passed, how many ran, and what was wrong.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

CONTEXT = "https://w3id.org/ro/crate/1.2/context"


class Answer:
    """What the validator reads of an HTTP answer."""

    def __init__(self, text: str) -> None:
        self.status_code, self.text, self.content = 200, text, text.encode()
        self.headers = {"Content-Type": "application/ld+json"}

    def json(self) -> Any:
        return json.loads(self.text)

    def raise_for_status(self) -> None:
        return None


def main(crate: str, terms: str) -> None:
    from rocrate_validator import models, services
    from rocrate_validator.utils.http import HttpRequester

    text = Path(terms).read_text("utf-8")

    def get(_self: Any, url: str, *_args: Any, **_named: Any) -> Answer:
        if url.rstrip("/") != CONTEXT:
            raise RuntimeError(f"no network here: {url}")
        return Answer(text)

    HttpRequester.get = get
    result = services.validate(
        services.ValidationSettings(
            rocrate_uri=crate, profile_identifier="ro-crate-1.2", offline=True,
            requirement_severity=models.Severity.REQUIRED, skip_availability_check=True,
        )
    )  # fmt: skip
    issues = [
        f"{one.check.identifier}: {one.message}"
        for one in result.get_issues(models.Severity.REQUIRED)
    ]
    said = {
        "passed": result.passed(models.Severity.REQUIRED),
        "checked": len(result.executed_checks),
        "issues": issues,
    }
    sys.stdout.write("\n" + json.dumps(said) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
