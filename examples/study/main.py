"""How many people have a condition on record, by sex and age group.

It writes no figures: it asks for a table, and the airlock counts it on the release.
"""

import json
import os
from pathlib import Path

RELEASE = Path(os.environ["COMMONWEAL_RELEASE"])
OUTPUTS = Path(os.environ["COMMONWEAL_OUTPUTS"])

release = json.loads((RELEASE / "release.json").read_text())
columns = release["tables"]["patients"]["columns"]

request = {
    "request": 1,
    "name": "conditions",
    "title": "People with a condition, by sex and age group",
    "table": "patients",
    "by": [
        {"column": {"table": "patients", "name": name}}
        for name in ("GENDER", "BIRTHDATE")
        if name in columns
    ],
    "measures": [{"measure": "people"}],
}
(OUTPUTS / "conditions.json").write_text(json.dumps(request, indent=2))
