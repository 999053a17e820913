"""What every test may use: hypothesis profiles, a place of its own, and a real PostgreSQL.

Only generic things belong here; a room keeps its own fixtures beside its own tests.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.disk import wait_for_none
from tests.distribution import SPARK, WholeFiles, turn
from tests.fixtures_postgres import postgres_cluster, postgres_url
from tests.fixtures_spark import spark
from tests.shared import share

__all__ = ["postgres_cluster", "postgres_url", "spark"]

REPOSITORY = Path(__file__).resolve().parents[1]

# Playwright keeps a loop running in a process; Django would take that for a server's and refuse.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

# What collecting makes (a test and its module at a time) stays to the end: there is nothing to find
# in it, and looking through it again and again costs more than it frees.
gc.disable()


def pytest_configure(config: pytest.Config) -> None:
    """Wait for the disk only where everything is asked for."""
    if "slow" in config.getoption("markexpr"):
        wait_for_none()


def pytest_collection_finish() -> None:
    """Look for what can be freed again, but no longer among what stays."""
    gc.freeze()
    gc.enable()


def pytest_sessionfinish() -> None:
    """Take away the key that pages' papers were sealed with: it lies in the machine's memory."""
    django = sys.modules.get("django.conf")
    if django is not None and django.settings.configured:
        from commonweal.web.memory import forget_key

        forget_key(django.settings.HOME.path)


# Shared machines stall, so time is never what fails a property. `dev.py test --all` asks for
# "thorough" by name; in CI the same examples are tried each time, so that a red run repeats.
settings.register_profile(
    "house",
    max_examples=50,
    deadline=None,
    derandomize=os.environ.get("CI") == "true",
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("thorough", settings.get_profile("house"), max_examples=1000)
settings.load_profile("house")


@pytest.hookimpl
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Share out whole files among processes where `dev.py test` asked for groups."""
    return WholeFiles(config, log) if config.getvalue("dist") == "loadgroup" else None


# Around xdist's own hook, which reads the groups and puts their names behind those of the tests.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, None, None]:
    """Let one process of xdist run all tests with Spark, and put what takes long first."""
    grouped = [item for item in items if _uses_spark(item)]
    for item in grouped:
        item.add_marker(pytest.mark.xdist_group(SPARK))
    if config.getoption("loadgroup", False):
        items.sort(key=turn)
    yield
    if config.getoption("loadgroup", False) and not all("@" in one.nodeid for one in grouped):
        raise pytest.UsageError("this xdist does not group tests for this pytest")


def _uses_spark(item: pytest.Item) -> bool:
    chosen = getattr(getattr(item, "callspec", None), "params", {}).get("engine")
    return chosen == "spark" or "spark" in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(autouse=True, scope="session")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> None:
    share(tmp_path_factory)


@pytest.fixture(autouse=True, scope="session")
def _interrupts_are_heard() -> None:
    # A suite in the background of a shell is started deaf to Ctrl-C, and so would be every
    # process that a test starts in order to interrupt it.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    # No test may touch, or be changed by, the data folder or settings of whoever runs it.
    for name in [name for name in os.environ if name.startswith("COMMONWEAL_")]:
        monkeypatch.delenv(name)
    base = tmp_path_factory.getbasetemp()
    monkeypatch.setenv("COMMONWEAL_HOME", str(base / "home-not-made"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(base / "config-not-made"))
    monkeypatch.setenv("XDG_DATA_HOME", str(base / "data-not-made"))


@pytest.fixture(autouse=True)
def _own_umask() -> None:
    # Commands that start the service let nobody else read what this process makes from then on;
    # run here, they must not change what the next test's files are.
    os.umask(0o022)
