"""`commonweal serve` as a process: says where it is, stops whole, and says why it cannot."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from commonweal.foundation.errors import Unavailable
from commonweal.web.supervisor import Supervisor, refuse_taken_port
from tests.fixtures_postgres import Cluster
from tests.web.house import Served, free_port, make_home, served, start

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)",
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("serve")
    return make_home(place / "home", stores=place / "stores", tables=False)


def children_of(pid: int) -> list[int]:
    """Every process below `pid`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid:
                child = int(path.parent.name)
                found += [child, *children_of(child)]
    return found


def alive(pids: list[int]) -> list[int]:
    def lives(pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            return False

    return [pid for pid in pids if lives(pid)]


def gone(pids: list[int], seconds: float = 20) -> bool:
    ends = time.monotonic() + seconds
    while alive(pids) and time.monotonic() < ends:
        time.sleep(0.05)
    return not alive(pids)


def fetched(address: str, path: str) -> tuple[int, bytes]:
    port = int(address.rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers={"Host": f"localhost:{port}"})
    answer = connection.getresponse()
    return answer.status, answer.read()


@contextlib.contextmanager
def running(home: Path) -> Iterator[tuple[Served, list[int]]]:
    with served(home) as found:
        yield found, children_of(found.process.pid)


def test_it_says_where_it_is_answers_and_stops_whole(home: Path) -> None:
    with running(home) as (found, children):
        said = found.log.read_text()
        assert f"Commonweal is at {found.address} (process {found.process.pid}, port " in said
        assert fetched(found.address, "/health") == (200, b'{"status": "ok"}')
        status, content = fetched(found.address, "/static/nhsuk/nhsuk-frontend.min.css")
        assert (status, len(content) > 200_000) == (200, True)
        # Two at the same place: the second says why not, and harms nothing.
        port = found.address.rpartition(":")[2]
        log = home.with_name("second.log")
        second = start(["--home", str(home), "serve", "--port", port], log, {})
        assert second.wait(timeout=60) == 5
        assert "CW-WEB-PORT" in log.read_text()
        assert len(children) >= 2
        found.process.send_signal(signal.SIGTERM)
        assert found.process.wait(timeout=30) == 0
        assert gone(children)
        assert "Traceback" not in found.log.read_text()


def test_when_the_server_dies_all_stops_and_says_so(home: Path) -> None:
    with running(home) as (found, children):
        os.kill(children[0], signal.SIGKILL)
        assert found.process.wait(timeout=30) == 5
        assert "CW-WEB-STOPPED" in found.log.read_text()
        assert gone(children)


def test_when_the_supervisor_is_killed_the_server_does_not_stay(home: Path) -> None:
    with running(home) as (found, children):
        found.process.kill()
        found.process.wait(timeout=30)
        assert gone(children)


def test_it_refuses_what_it_cannot_serve(home: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    tries = (
        (["--home", str(tmp_path / "none")], {}, 3, "CW-HOME-MISSING"),
        (["--home", str(home), "--host", "0.0.0.0"], {}, 4, "CW-WEB-PERSONA"),
        (["--home", str(home)], {"DATABASE_URL": "mysql://x/y"}, 2, "CW-WEB-SETTING"),
        (
            ["--home", str(home)],
            {"DATABASE_URL": f"postgresql:///x?host={tmp_path}"},
            5,
            "CW-WEB-DATABASE",
        ),
    )
    for arguments, variables, code, said in tries:
        port = str(free_port())
        process = start(["serve", "--port", port, *arguments], log, variables)
        assert process.wait(timeout=60) == code, log.read_text()
        assert said in log.read_text()
        assert "Traceback" not in log.read_text()


# --- the supervisor itself ------------------------------------------------------------------------


def test_a_part_that_ends_by_itself_takes_the_others_along() -> None:
    supervisor = Supervisor({"one": SLEEP, "two": [sys.executable, "-c", "exit(7)"]}, os.environ)
    with pytest.raises(Unavailable) as caught:
        supervisor.run(lambda: False, lambda: None)
    assert caught.value.code == "CW-WEB-STOPPED"
    assert "part two of the service ended by itself (code 7)" in caught.value.sentence
    assert all(child.poll() is not None for child in supervisor.children.values())


def test_a_ctrl_c_stops_it() -> None:
    supervisor = Supervisor({"one": SLEEP}, os.environ)
    assert supervisor.run(lambda: True, lambda: os.kill(os.getpid(), signal.SIGINT)) == 0
    assert supervisor.children["one"].poll() == -signal.SIGTERM


def test_a_part_that_will_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("commonweal.web.supervisor.STOP_SECONDS", 1.0)
    supervisor = Supervisor({"deaf": DEAF}, os.environ)

    def announce() -> None:
        time.sleep(0.5)  # until it has turned deaf
        os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    assert supervisor.run(lambda: True, announce) == 0
    assert supervisor.children["deaf"].poll() == -signal.SIGKILL
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_service_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("commonweal.web.supervisor.START_SECONDS", 0.3)
    supervisor = Supervisor({"one": SLEEP}, os.environ)
    with pytest.raises(Unavailable, match="CW-WEB-STOPPED"):
        supervisor.run(lambda: False, lambda: None)
    assert supervisor.children["one"].poll() is not None


def test_a_port_that_is_taken_is_said() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        with pytest.raises(Unavailable) as caught:
            refuse_taken_port("127.0.0.1", holder.getsockname()[1])
    assert caught.value.code == "CW-WEB-PORT"


# --- PostgreSQL -----------------------------------------------------------------------------------


def test_the_same_service_on_postgresql(home: Path, postgres_cluster: Cluster) -> None:
    """Tables, made-up people, sign-in, a governed write and the API: all on PostgreSQL."""
    url = postgres_cluster.new()
    with served(home, DATABASE_URL=url) as found:
        port = int(found.address.rpartition(":")[2])
        browser = Plain(port)
        page = browser.get("/account/people/")
        browser.post("/account/people/sign-in/", person="amara", **token(page))
        page = browser.get("/account/keys/")
        # PostgreSQL cannot hold a NUL: the page says so, and does not break.
        with pytest.raises(AssertionError, match="a character that cannot be kept"):
            browser.post("/account/keys/", name="a\x00b", scopes="me:read", **token(page))
        made = browser.post("/account/keys/", name="x", scopes="me:read", **token(page))
        secret = re.search(r"cw_[\w-]{40,}", made)
        assert secret is not None
        told = json.loads(browser.get("/api/v1/me", Authorization=f"Bearer {secret[0]}"))
        assert told["name"] == "Amara Okafor"
    import psycopg

    with psycopg.connect(url) as connection:
        kinds = connection.execute("SELECT type FROM ledgerlink_intent ORDER BY id").fetchall()
        assert [kind for (kind,) in kinds[-2:]] == ["account.signed_in", "account.token_made"]
        with pytest.raises(psycopg.DataError, match="NUL"):  # what the page would have met
            connection.execute("SELECT %s", ("a\x00b",))
        # The database itself holds what the code promises.
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(
                "INSERT INTO accounts_membership (user_id, organisation_id, role, project, begins) "
                "SELECT user_id, organisation_id, role, project, begins FROM accounts_membership"
            )


def token(page: str) -> dict[str, str]:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found is not None, page[:500]
    return {"csrfmiddlewaretoken": found[1]}


class Plain:
    """A browser without anything: cookies and forms, no scripts."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}

    def get(self, path: str, **headers: str) -> str:
        return self._asked("GET", path, None, headers)

    def post(self, path: str, **fields: str) -> str:
        from urllib.parse import urlencode

        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._asked("POST", path, urlencode(fields), kind)

    def _asked(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        local = {"Host": f"localhost:{self.port}", "Cookie": cookie}
        connection.request(method, path, body, {**local, **headers})
        answer = connection.getresponse()
        for line in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = line.split(";")[0].partition("=")
            self.cookies[name] = value
        content = answer.read().decode()
        assert answer.status < 400, content
        return content
