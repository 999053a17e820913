"""The import contracts and banned names of pyproject.toml break when they must.

A configuration that has stopped matching anything still passes, so each rule is tried on a
planted fault: a small house with every room of the plan, one forbidden import, and the tools run
with the repository's own settings.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = (
    *("foundation", "ledger", "papers", "sandbox", "governance", "care", "vault", "vault/tables"),
    *(
        "vault/optout",
        "enclave",
        "enclave/engines",
        "enclave/study",
        "airlock",
        "federation",
        "web",
    ),
    *("web/projects", "wiring", "cli", "demo"),
)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A house with every room of the plan and nothing in them."""
    source = tmp_path / "src" / "commonweal"
    for folder in (source, *(source / name for name in PACKAGES)):
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text('"""A room."""\n')
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    return tmp_path


def plant(house: Path, module: str, text: str) -> Path:
    path = house / "src" / "commonweal" / f"{module}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")
    return path


def contracts(house: Path) -> tuple[int, set[str]]:
    """Check the imports of a house; return the exit code and the names of broken contracts."""
    code = "import sys; from importlinter.cli import lint_imports_command as c; c(['--no-cache'])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        cwd=house,
        env={**os.environ, "PYTHONPATH": str(house / "src"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
    )
    assert "kept," in done.stdout, done.stdout + done.stderr
    return done.returncode, set(re.findall(r"^(.*?) BROKEN", done.stdout, re.MULTILINE))


FLOORS = "Each room imports only from the floors below it"
PROCESSES = "Processes and sockets are opened in named modules only"


def test_what_the_plan_allows_is_kept(house: Path) -> None:
    plant(house, "vault/release", "from commonweal import ledger, papers, sandbox, foundation")
    plant(house, "vault/tables/ops/values", "import ibis.expr.types")
    plant(house, "vault/optout/mesh", "import requests")
    plant(house, "federation/flower", "import flwr\nimport commonweal.airlock")
    plant(house, "enclave/engines/kubernetes", "import kubernetes")
    plant(house, "wiring/loans", "import commonweal.vault\nimport commonweal.airlock")
    plant(
        house, "web/projects/workers",
        "from commonweal.vault import release\nfrom commonweal.wiring import loans",
    )  # fmt: skip
    plant(house, "web/supervisor", "import subprocess\nimport socket")
    plant(house, "web/projects/views", "from django.db import models\nimport commonweal.papers")
    plant(
        house, "cli/main", "import commonweal.web\nimport commonweal.demo\nimport commonweal.vault"
    )
    assert contracts(house) == (0, set())


@pytest.mark.parametrize(
    ("module", "text", "broken"),
    [
        ("governance/x", "import duckdb", "Tables are opened in the rooms of data only"),
        ("foundation/x", "import commonweal.ledger", FLOORS),
        ("ledger/x", "import commonweal.papers", FLOORS),
        ("papers/x", "from commonweal import cli", FLOORS),
        ("vault/x", "import commonweal.enclave", FLOORS),
        ("airlock/x", "def f():\n    import commonweal.vault", FLOORS),
        ("vault/x", "import commonweal.governance", FLOORS),
        ("governance/x", "import commonweal.vault", FLOORS),
        ("demo/x", "import commonweal.unplanned", FLOORS),
        ("federation/x", "import commonweal.vault", "Federation never imports the vault"),
        ("care/x", "import commonweal.sandbox", "The rooms of decisions and care run nothing"),
        ("enclave/study/x", "import commonweal.papers", "The toolkit of studies imports nothing"),
        ("enclave/study/x", "import pydantic", "The toolkit of studies imports nothing"),
        ("papers/x", "import django", "Django lives in web only"),
        ("vault/x", "from ibis import _", "Ibis lives in vault.tables only"),
        ("vault/x", "import pyspark.sql", "Spark lives in vault.tables only"),
        ("federation/x", "import flwr", "Flower lives behind one adapter"),
        ("enclave/x", "import kubernetes", "Kubernetes lives behind one engine"),
        ("web/projects/services", "import commonweal.vault", "The web process has no path"),
        ("airlock/x", "import commonweal.wiring", FLOORS),
        ("wiring/x", "import commonweal.web", FLOORS),
        ("web/projects/views", "import subprocess", PROCESSES),
        ("vault/x", "import subprocess", PROCESSES),
        ("vault/tables/x", "from socket import create_connection", PROCESSES),
        ("ledger/x", "import httpx", "HTTP lives in named adapters only"),
        ("vault/tables/x", "import pandas", "Nothing imports pandas or a pickle"),
    ],
)
def test_a_planted_import_breaks_its_contract(
    house: Path, module: str, text: str, broken: str
) -> None:
    if "unplanned" in text:
        room = house / "src" / "commonweal" / "unplanned"
        room.mkdir()
        (room / "__init__.py").touch()
    plant(house, module, text)
    code, names = contracts(house)
    assert code == 1
    assert len(names) == 1
    assert names.pop().startswith(broken)


def banned(house: Path) -> dict[str, int]:
    """Return how many banned names ruff finds in each file of a house."""
    command = ["-m", "ruff", "check", "--no-cache", "--select", "TID251", "--output-format=concise"]
    done = subprocess.run(
        [sys.executable, *command, "src"], check=False, cwd=house, capture_output=True, text=True
    )
    assert done.returncode in {0, 1}, done.stderr
    places = re.findall(r"^(\S+?):\d+:\d+: TID251", done.stdout, re.MULTILINE)
    return {Path(place).name: places.count(place) for place in places}


def test_banned_names_are_found_outside_their_modules(house: Path) -> None:
    plant(house, "foundation/clock", "from datetime import UTC, datetime\ndatetime.now(UTC)")
    plant(house, "vault/tables/ops/values", "import ibis")
    plant(house, "papers/times", "import datetime as d\nd.datetime.now()\nd.date.today()")
    plant(house, "papers/epoch", "from time import time\ntime()")
    plant(house, "papers/old", "from datetime import datetime\ndatetime.utcnow()")
    plant(house, "vault/code", "import pickle\nimport pandas as pd\nimport ibis")
    plant(house, "vault/out", "import subprocess\nimport socket\nimport os\nos.system('x')")
    plant(house, "vault/net", "import requests\nimport urllib.request\nimport http.client")
    plant(house, "vault/fine", "from time import monotonic\nimport urllib.parse\nmonotonic()")
    found = banned(house)
    assert set(found) == {"times.py", "epoch.py", "old.py", "code.py", "out.py", "net.py"}
    assert {name: found[name] for name in ("times.py", "code.py", "out.py", "net.py")} == {
        "times.py": 2,
        "code.py": 3,
        "out.py": 3,
        "net.py": 3,
    }
