"""JSON Schemas of the papers (2020-12), for the documentation and for other people's tools.

`python -m commonweal.papers.schemas OUT` writes one file for each paper into the folder OUT;
without OUT it prints all of them as one JSON document. A schema says less than the paper's own
validation: rules that join several fields are in the papers only.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from commonweal.foundation.errors import CommonwealError
from commonweal.foundation.files import translated
from commonweal.papers.acts import SignedAct
from commonweal.papers.analysis_request import (
    CorrelationRequest,
    RegressionRequest,
    SurvivalRequest,
)
from commonweal.papers.authorisation import AttackDraft, Authorisation
from commonweal.papers.base import Paper
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.cube import CubeDeclaration, FrozenCube
from commonweal.papers.job import JobOrder, JobOutputs, JobReport
from commonweal.papers.model_recipe import ModelRecipe
from commonweal.papers.noise import NoiseBudget, NoisyAnswer, NoisyRequest, PeopleBudget
from commonweal.papers.order_key import OrderKey
from commonweal.papers.output_manifest import (
    Findings,
    OutputDecision,
    OutputManifest,
    OutputReview,
)
from commonweal.papers.output_request import OutputRequest
from commonweal.papers.permit import Permit, PermitDraft
from commonweal.papers.permit_status import PermitStatus
from commonweal.papers.register import Register
from commonweal.papers.release import ReleaseManifest, ReleaseSummary, StatementOfAbsence
from commonweal.papers.roster import Roster
from commonweal.papers.site import SiteStatement
from commonweal.papers.standing import MonthGivenUp, StandingOutput
from commonweal.papers.study import StudyDeclaration
from commonweal.papers.trust import TrustPolicy

PAPERS: dict[str, type[Paper]] = {
    "attack-draft": AttackDraft,
    "attack-authorisation": Authorisation,
    "catalogue": Catalogue,
    "model-recipe": ModelRecipe,
    "correlation-request": CorrelationRequest,
    "job-order": JobOrder,
    "job-outputs": JobOutputs,
    "job-report": JobReport,
    "output-decision": OutputDecision,
    "output-findings": Findings,
    "output-manifest": OutputManifest,
    "cube-declaration": CubeDeclaration,
    "frozen-cube": FrozenCube,
    "noise-budget": NoiseBudget,
    "month-given-up": MonthGivenUp,
    "noisy-answer": NoisyAnswer,
    "noisy-request": NoisyRequest,
    "people-budget": PeopleBudget,
    "order-key": OrderKey,
    "output-request": OutputRequest,
    "output-review": OutputReview,
    "permit-draft": PermitDraft,
    "permit": Permit,
    "permit-status": PermitStatus,
    "regression-request": RegressionRequest,
    "release-manifest": ReleaseManifest,
    "release-summary": ReleaseSummary,
    "standing-output": StandingOutput,
    "statement-of-absence": StatementOfAbsence,
    "register": Register,
    "roster": Roster,
    "signed-act": SignedAct,
    "survival-request": SurvivalRequest,
    "study": StudyDeclaration,
    "site-statement": SiteStatement,
    "trust-policy": TrustPolicy,
}
"""File name (without `.schema.json`) and paper."""


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of the paper called `name` in `PAPERS`."""
    made = PAPERS[name].model_json_schema(by_alias=True, mode="validation")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:commonweal:schema:{name}:1",
        **made,
    }


def schema_files() -> dict[str, str]:
    """File name and text of every schema."""
    return {
        f"{name}.schema.json": json.dumps(schema(name), indent=2, ensure_ascii=False) + "\n"
        for name in PAPERS
    }


def main(arguments: Sequence[str]) -> int:
    """Write the schemas into a folder, or print them. Returns the exit code."""
    if len(arguments) > 1:
        sys.stderr.write("usage: python -m commonweal.papers.schemas [OUT]\n")
        return 2
    if not arguments:
        sys.stdout.write(json.dumps({name: schema(name) for name in PAPERS}, indent=2) + "\n")
        return 0
    folder = Path(arguments[0])
    try:
        with translated(f"the folder {folder.name}"):
            folder.mkdir(parents=True, exist_ok=True)
            for name, text in schema_files().items():
                (folder / name).write_text(text, "utf-8")
    except CommonwealError as error:
        sys.stderr.write(f"{error.sentence}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
