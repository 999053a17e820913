"""Makes the service's database ready: `python -m commonweal.web.prepare`.

Changes tables where they have changed, makes the table for counts of attempts, and in a
demonstration its made-up people. Does nothing where nothing is to do. The supervisor runs it before
the server, in a process of its own; one JSON line on standard output says what came of it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import InterfaceError, OperationalError

from commonweal.foundation.errors import CommonwealError, Unavailable
from commonweal.foundation.files import make_private_folder
from commonweal.web.desk.rules import check_rules


def prepare(*, example: bool = True) -> dict[str, int]:
    """Make everything ready; how many steps were taken and people made.

    `example`: begin a demonstration's example too, as always where nobody else does it later.

    Raises `Unavailable` CW-WEB-DATABASE, and what opening the home raises.
    """
    make_private_folder(settings.ENVIRONMENT.folder)
    _private_file()
    check_rules()
    try:
        steps = _migrate()
        people = _people(example=example) if settings.HOME.is_demonstration else 0
    except (OperationalError, InterfaceError, DatabaseError) as error:
        raise Unavailable(
            "CW-WEB-DATABASE",
            f"The service's database cannot be used ({type(error).__name__}).",
            remedy="Check DATABASE_URL, that the database runs and that its user may make tables.",
        ) from error
    return {"steps": steps, "people": people}


def _private_file() -> None:
    """An SQLite file is made by nobody but its owner's hands."""
    if connection.vendor == "sqlite":
        path = Path(str(connection.settings_dict["NAME"]))
        make_private_folder(path.parent)
        if not path.exists():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        path.chmod(0o600)


def steps_left() -> int:
    """How many changes of tables are still to be made. Raises what the database raises."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _migrate() -> int:
    left = steps_left()
    if left:
        call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    return left


def _people(*, example: bool) -> int:
    from commonweal.web.accounts.personas import make_people
    from commonweal.web.applications.example import begin_example

    made = make_people()
    if example:
        begin_example(settings.ENVIRONMENT.folder)
    return made


def tell(make: Callable[[], Mapping[str, object]]) -> int:
    """Let Django stand on the home of COMMONWEAL_HOME, do `make`, and say what came of it.

    One JSON line on standard output: what `make` returns, or `error` and `exit`. The exit code.
    """
    os.umask(0o077)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "commonweal.web.config.settings")
    try:
        django.setup()
        said = dict(make())
    except CommonwealError as error:
        sys.stdout.write(json.dumps({"error": error.as_dict(), "exit": error.exit_code}) + "\n")
        return error.exit_code
    sys.stdout.write(json.dumps(said) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(tell(prepare))
