"""A real PostgreSQL cluster of its own for the tests that read from one.

The cluster lives in a short temporary folder, listens on a UNIX socket in that folder and on no
network address, trusts whoever may enter the folder, and is gone when the session ends. Under
xdist each worker that asks starts its own. PostgreSQL refuses to run as root, so root starts it
as the operating-system user `postgres` that the Debian package makes.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from dev import postgres_bin

# Durability is of no use to a cluster that is thrown away, and costs most of the time.
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "20",
    "timezone": "UTC",
}


class PostgresUnavailable(RuntimeError):
    """PostgreSQL is not installed or did not start; the message says which and what to do."""


@dataclass(frozen=True)
class Cluster:
    """A running cluster: where its socket is and who its superuser is."""

    folder: Path
    superuser: str = "commonweal"
    port: int = 5432  # only part of the socket's name; no port is opened

    def url(self, database: str = "postgres") -> str:
        """Return the libpq address of one database of this cluster."""
        return f"postgresql://{self.superuser}@/{database}?host={quote(str(self.folder))}"

    def new(self) -> str:
        """The address of a new, empty database: what a test leaves there meets no other test."""
        name = f"own_{secrets.token_hex(6)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)


def start_cluster(folder: Path) -> Cluster:
    """Make and start a cluster in an empty folder; raise PostgresUnavailable where it cannot."""
    programs = postgres_bin()
    if programs is None:
        raise PostgresUnavailable(
            "PostgreSQL's server programs are missing; `python3 dev.py test` installs them, "
            "or: apt-get install -y --no-install-recommends postgresql"
        )
    user = _server_user()
    if user is not None:
        account = pwd.getpwnam(user)
        os.chown(folder, account.pw_uid, account.pw_gid)
    cluster = Cluster(folder)
    data = folder / "data"
    options = ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    initdb = [str(programs / "initdb"), "-D", str(data), "-U", cluster.superuser, *options]
    _run(initdb, user, folder)
    settings = {**SETTINGS, "unix_socket_directories": str(folder)}
    lines = [f"{name} = '{value}'\n" for name, value in settings.items()]
    with (data / "postgresql.conf").open("a", encoding="utf-8") as config:
        config.writelines(lines)
    log = str(folder / "server.log")
    _run([str(programs / "pg_ctl"), "-D", str(data), "-l", log, "-w", "start"], user, folder)
    return cluster


def stop_cluster(cluster: Cluster) -> None:
    """Stop a cluster at once and remove its folder."""
    programs = postgres_bin()
    if programs is not None and (cluster.folder / "data" / "postmaster.pid").exists():
        stop = [str(programs / "pg_ctl"), "-D", str(cluster.folder / "data"), "-m", "immediate"]
        _run([*stop, "-w", "stop"], _server_user(), cluster.folder)
    shutil.rmtree(cluster.folder, ignore_errors=True)


def _server_user() -> str | None:
    """Return the user to start the server as: None for ourselves, `postgres` for root."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        raise PostgresUnavailable(
            "PostgreSQL does not run as root and there is no user 'postgres'; "
            "make one with: useradd --system postgres"
        ) from None
    return "postgres"


def _run(command: list[str], user: str | None, folder: Path) -> None:
    # A file rather than a pipe: the server inherits it and would keep a pipe open for ever.
    with (folder / "steps.log").open("ab") as log:
        done = subprocess.run(
            command,
            check=False,
            cwd=folder,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(folder)},
            user=user,
            group=None if user is None else pwd.getpwnam(user).pw_gid,
            extra_groups=None if user is None else [],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            timeout=120,
        )
    if done.returncode:
        said = "\n".join(
            path.read_text("utf-8", "replace")[-2000:] for path in sorted(folder.glob("*.log"))
        )
        raise PostgresUnavailable(f"{Path(command[0]).name} failed:\n{said}")


def short_folder() -> Path:
    """Return a new folder whose path is short enough for a UNIX socket (107 bytes)."""
    base = "/tmp" if os.access("/tmp", os.W_OK | os.X_OK) else None
    return Path(tempfile.mkdtemp(prefix="cwpg-", dir=base))


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """A running cluster for this session (for this worker, under xdist)."""
    folder = short_folder()
    cluster = Cluster(folder)
    try:
        cluster = start_cluster(folder)
        yield cluster
    finally:
        stop_cluster(cluster)


@pytest.fixture(scope="session")
def postgres_url(postgres_cluster: Cluster) -> str:
    """The address of a database on a real PostgreSQL server, as its superuser."""
    return postgres_cluster.url()
