"""Asking witnesses: what is stored, what is refused, over HTTP and without; and the quorum."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from commonweal.foundation.clock import FixedClock
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.ledger import witness as http_witness
from commonweal.ledger.asking import ask
from commonweal.ledger.cosigning import Cosigner
from commonweal.ledger.note import Note
from commonweal.ledger.policy import WitnessPolicy
from commonweal.ledger.proving import check_proof, prove
from commonweal.ledger.quorum import Witnessing, check_proof_by, witnessed_note
from commonweal.ledger.report import Report
from commonweal.ledger.sequencer import sequence
from commonweal.ledger.store import Ledger
from commonweal.ledger.verify import verify
from commonweal.ledger.witness import WitnessServer, add_checkpoint
from commonweal.ledger.witnessing import Answer, Request, Witness
from tests.unit.ledger import support
from tests.unit.ledger.support import BASE

ORIGIN = f"{BASE}/public"


class Town:
    """A ledger with its signer, and two witnesses, under one clock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock: FixedClock = support.new_clock()
        self.ledger: Ledger = support.new_ledger(folder, self.clock)
        self.signer = support.new_signer(folder)
        self.witnesses = [self.witness(f"w{number}") for number in (1, 2)]
        self.signed = 0

    def witness(self, name: str) -> Witness:
        made = Witness.create(self.folder / name, f"{name}.example", self.clock)
        made.add_log(self.signer.vkey.named(ORIGIN))
        return made

    def grow(self, count: int = 1) -> str:
        for _ in range(count):
            self.signed += 1
            self.ledger.append(support.issued(f"permit-{self.signed}"))
        sequence(self.ledger)
        return self.signer.sign(self.ledger, "public")

    def policy(self, needed: int = 2) -> WitnessPolicy:
        named = [f"witness n{n} {one.vkey}" for n, one in enumerate(self.witnesses)]
        members = " ".join(f"n{n}" for n in range(len(self.witnesses)))
        log = f"log {self.signer.vkey.named(ORIGIN)}"
        return WitnessPolicy.parse(
            "\n".join([log, *named, f"group g {needed} {members}", "quorum g", ""])
        )

    def verified(self, needed: int = 2, lag: timedelta = timedelta(minutes=15)) -> Report:
        return verify(
            self.ledger.path, vkeys=[self.signer.vkey], origin=BASE,
            witnessing=Witnessing(self.policy(needed), self.clock.now(), lag),
        )  # fmt: skip

    def kinds(self, needed: int = 2) -> list[str]:
        return [fault.kind for fault in self.verified(needed).faults]


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    made = Town(tmp_path)
    yield made
    made.ledger.close()


def _send(witness: Witness) -> Callable[[bytes], Answer]:
    return witness.add_checkpoint


def _lines(ledger: Ledger) -> list[tuple[int, str]]:
    with ledger.reading() as connection:
        return connection.execute("SELECT size, line FROM cosignature ORDER BY 1, 2").fetchall()


def test_every_witness_signs_as_the_log_grows(town: Town) -> None:
    for more, size in ((1, 2), (1, 3), (4, 7), (1, 8)):
        town.grow(more)
        for witness in town.witnesses:
            asked = ask(town.ledger, witness.vkey, _send(witness))
            assert (asked.new, asked.checkpoint.size) == (True, size)
            again = ask(town.ledger, witness.vkey, _send(witness))
            assert (again.new, again.cosigned) == (False, asked.cosigned)
    assert [size for size, _ in _lines(town.ledger)] == [2, 2, 3, 3, 7, 7, 8, 8]
    report = town.verified()
    assert (report.faults, report.logs["public"].witnessed) == ([], 8)


def test_a_witness_that_knows_more_than_is_stored_here_is_caught_up(town: Town) -> None:
    # The answer was lost: the witness remembers what the ledger does not.
    town.grow()
    first = town.witnesses[0]
    with pytest.raises(RuntimeError):
        ask(town.ledger, first.vkey, lambda body: _lost(first.add_checkpoint(body)))
    assert _lines(town.ledger) == []
    assert ask(town.ledger, first.vkey, _send(first)).new  # the same size again
    town.grow(3)
    with pytest.raises(RuntimeError):
        ask(town.ledger, first.vkey, lambda body: _lost(first.add_checkpoint(body)))
    town.grow(3)
    assert ask(town.ledger, first.vkey, _send(first)).checkpoint.size == 8


def _lost(_: Answer) -> Answer:
    raise RuntimeError("the connection was cut")


def test_an_empty_log_and_a_log_that_was_never_signed(tmp_path: Path) -> None:
    with Ledger.create(tmp_path / "ledger.sqlite", support.new_clock()) as ledger:
        signer = support.new_signer(tmp_path)
        witness = Witness.create(tmp_path / "w", "w.example", ledger.clock)
        witness.add_log(signer.vkey.named(ORIGIN))
        with pytest.raises(Fault, match="CW-LEDGER-NOT-PROVABLE"):
            ask(ledger, witness.vkey, _send(witness))
        signer.sign(ledger, "public")
        assert ask(ledger, witness.vkey, _send(witness)).checkpoint.size == 0


STRANGER = Cosigner("w1.example", support.SoftwareSigner(b"\x77" * 32))


def _foreign(body: bytes) -> Answer:
    text = Request.parse(body).note.text
    return Answer(200, STRANGER.cosign(text, int(support.START.timestamp())).line().encode())


ANSWERS = {
    "another key": (_foreign, "CW-LEDGER-WITNESS-REFUSED"),
    "rubbish": (lambda body: Answer(200, b"yes"), "CW-LEDGER-WITNESS-REFUSED"),
    "nothing": (lambda body: Answer(200, b""), "CW-LEDGER-WITNESS-REFUSED"),
    "not utf-8": (lambda body: Answer(200, b"\xff\n"), "CW-LEDGER-WITNESS-REFUSED"),
    "unknown log": (lambda body: Answer(404, b""), "CW-LEDGER-WITNESS-REFUSED"),
    "forbidden": (lambda body: Answer(403, b""), "CW-LEDGER-WITNESS-REFUSED"),
    "redirect": (lambda body: Answer(302, b""), "CW-LEDGER-WITNESS-REFUSED"),
    "conflict without a size": (lambda body: Answer(409, b"x\n"), "CW-LEDGER-WITNESS-REFUSED"),
    "conflict with itself": (lambda body: Answer(409, b"0\n"), "CW-LEDGER-WITNESS-REFUSED"),
    "larger": (lambda body: Answer(409, b"99\n"), "CW-LEDGER-SPLIT"),
    "inconsistent": (lambda body: Answer(422, b""), "CW-LEDGER-SPLIT"),
    "broken": (lambda body: Answer(500, b""), "CW-LEDGER-WITNESS-UNREACHABLE"),
    "busy": (lambda body: Answer(503, b""), "CW-LEDGER-WITNESS-UNREACHABLE"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_that_are_none_are_refused_and_nothing_is_stored(name: str, town: Town) -> None:
    town.grow()
    send, code = ANSWERS[name]
    with pytest.raises(CommonwealError) as told:
        ask(town.ledger, town.witnesses[0].vkey, send)
    assert told.value.code == code
    assert _lines(town.ledger) == []


# --- the quorum ---------------------------------------------------------------------------------


def test_entries_have_some_minutes_until_they_must_be_witnessed(town: Town) -> None:
    town.grow()
    assert town.kinds() == []
    town.clock.advance(timedelta(minutes=16))
    assert town.kinds() == ["quorum_missing"]
    ask(town.ledger, town.witnesses[0].vkey, _send(town.witnesses[0]))
    assert town.kinds(needed=2) == ["quorum_missing"]
    assert town.kinds(needed=1) == []
    ask(town.ledger, town.witnesses[1].vkey, _send(town.witnesses[1]))
    assert town.kinds(needed=2) == []
    # New entries begin to wait when they are written, with or without a place.
    town.clock.advance(timedelta(days=3))
    assert town.kinds() == []
    town.ledger.append(support.issued("permit-9"))
    assert town.kinds() == []
    town.clock.advance(timedelta(minutes=16))
    report = town.verified()
    assert [(f.kind, f.log, f.index) for f in report.faults] == [("quorum_missing", "public", 2)]
    assert report.logs["public"].witnessed == 2


def test_one_witness_twice_is_not_two(town: Town) -> None:
    town.grow()
    first = town.witnesses[0]
    ask(town.ledger, first.vkey, _send(first))
    note = Note.parse(town.signer.sign(town.ledger, "public"))
    cosigner = Cosigner(first.vkey.name, _secret(first))
    line = cosigner.cosign(note.text, int(support.START.timestamp()) + 7).line()
    with town.ledger.exclusive() as connection:
        connection.execute("INSERT INTO cosignature VALUES ('public', 1, 2, ?)", (line,))
    assert len(_lines(town.ledger)) == 2
    town.clock.advance(timedelta(minutes=16))
    assert town.kinds(needed=2) == ["quorum_missing"]


def _secret(witness: Witness) -> support.SoftwareSigner:
    import base64

    return support.SoftwareSigner(base64.b64decode((witness.folder / "key").read_text()))


def test_a_proof_is_made_against_the_newest_witnessed_checkpoint(town: Town) -> None:
    town.grow()
    for witness in town.witnesses:
        ask(town.ledger, witness.vkey, _send(witness))
    town.grow()
    policy, now = town.policy(), town.clock.now()
    with town.ledger.reading() as connection:
        note = witnessed_note(connection, policy, 1, now)
        assert witnessed_note(connection, policy, 2, now) is None
    assert note is not None
    checked = check_proof_by(prove(town.ledger, "public", 1, note=note), policy, now)
    assert (checked.size, checked.signers) == (2, (ORIGIN, "w1.example", "w2.example"))
    newest = prove(town.ledger, "public", 2)
    assert check_proof(newest, [town.signer.vkey]).size == 3
    with pytest.raises(Fault, match="CW-LEDGER-QUORUM"):
        check_proof_by(newest, policy, now)


# --- over HTTP ----------------------------------------------------------------------------------


@contextmanager
def serving(witness: Witness) -> Iterator[WitnessServer]:
    with WitnessServer(witness, 0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def test_a_witness_is_asked_over_http(town: Town) -> None:
    town.grow()
    with serving(town.witnesses[0]) as server:
        assert server.url.startswith("http://127.0.0.1:")
        key = town.witnesses[0].vkey
        assert ask(town.ledger, key, lambda body: add_checkpoint(server.url, body)).new
        town.grow(4)
        asked = ask(town.ledger, key, lambda body: add_checkpoint(f"{server.url}/", body))
    assert asked.checkpoint.size == 6


CALLS = [
    ("POST", "/", b"x", {}, 404),
    ("POST", "/add-checkpoint", b"rubbish", {}, 400),
    ("POST", "/add-checkpoint", b"", {"Content-Length": "999999999"}, 413),
    ("POST", "/add-checkpoint", b"", {"Content-Length": "-1"}, 411),
    ("POST", "/add-checkpoint", b"", {"Transfer-Encoding": "chunked"}, 411),
    ("GET", "/add-checkpoint", b"", {}, 404),
    ("GET", "/../key", b"", {}, 404),
    ("GET", "/00/checkpoint", b"", {}, 404),
    ("DELETE", "/add-checkpoint", b"", {}, 501),
]


@pytest.mark.parametrize(("method", "path", "body", "headers", "status"), CALLS)
def test_other_calls_are_refused(
    town: Town, method: str, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    with serving(town.witnesses[0]) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
        connection.putrequest(method, path)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            if not (name == "Content-Length" and "Transfer-Encoding" in headers):
                connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        assert answer.status == status
        assert "Python" not in str(answer.headers)
        connection.close()


@pytest.mark.parametrize(
    "url",
    ["http://witness.example", "ftp://localhost", "localhost:80", "", "https://", "http://[::1",
     "http://user:x@localhost", "https://w.example?x", "file:///etc/passwd",
     "http://127.0.0.1.example", "http://localhost:99999999"],
)  # fmt: skip
def test_only_https_leaves_the_machine(url: str) -> None:
    with pytest.raises(CommonwealError) as told:
        add_checkpoint(url, b"", timeout=0)
    assert told.value.code == "CW-LEDGER-WITNESS-URL"
    assert told.value.exit_code == 2


def test_a_witness_that_does_not_answer_is_unavailable(
    monkeypatch: pytest.MonkeyPatch, town: Town
) -> None:
    with serving(town.witnesses[0]) as server:
        url = server.url
    with pytest.raises(CommonwealError) as told:
        add_checkpoint(url, b"", timeout=0)
    assert (told.value.code, told.value.exit_code) == ("CW-LEDGER-WITNESS-UNREACHABLE", 5)
    # An answer without end is not read.
    endless = Answer(200, b"x" * 70_000)
    monkeypatch.setattr(town.witnesses[1], "add_checkpoint", lambda body: endless)
    with serving(town.witnesses[1]) as server, pytest.raises(CommonwealError, match="UNREACHABLE"):
        add_checkpoint(server.url, b"", timeout=0)


def test_a_taken_port_is_a_sentence(town: Town) -> None:
    with serving(town.witnesses[0]) as server, pytest.raises(CommonwealError) as told:
        WitnessServer(town.witnesses[1], server.server_port)
    assert told.value.code == "CW-FILE-FAILED"


def test_two_that_ask_at_once_cannot_take_a_witness_back(town: Town) -> None:
    # The race that tlog-witness describes: a smaller tree is signed after a larger one.
    notes = [town.grow() for _ in range(6)]
    witness = town.witnesses[0]
    sizes: list[int] = []
    signed: list[tuple[int, int]] = []

    def submit(note: str) -> None:
        parsed = Note.parse(note)
        size = int(parsed.text.split("\n")[1])
        for _ in range(40):
            last, _ = witness.last(ORIGIN)
            old = last.size if last else 0
            if old >= size:
                return
            request = _request(town, old, parsed)
            if witness.add_checkpoint(request).status == 200:
                signed.append((old, size))
                return

    threads = [threading.Thread(target=submit, args=(note,)) for note in notes * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sizes = [size for _, size in sorted(signed)]
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == 7
    # Each began where another ended: no two went on from the same state.
    assert [old for old, _ in sorted(signed)] == [0, *sizes[:-1]]


def _request(town: Town, old: int, note: Note) -> bytes:
    from commonweal.ledger.checkpoint import Checkpoint
    from commonweal.ledger.merkle import consistency_proof

    point = Checkpoint.parse(note.text)
    proof = consistency_proof(old, point.size, town.ledger.fetcher("public")) if old else []
    return Request(old, tuple(proof), note, point).format()


def test_the_tolerance_of_clocks_is_the_same_everywhere() -> None:
    from commonweal.ledger import check_proof as alone
    from commonweal.ledger import cosigning

    assert alone.TOLERANCE_SECONDS == cosigning.TOLERANCE_SECONDS == 300
    assert http_witness.HOST == "127.0.0.1"
