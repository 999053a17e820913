"""The TES client against a scripted site: lost, late, broken, lying and malicious answers."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from commonweal.enclave.engines import tes
from commonweal.enclave.engines.asking import STATES
from commonweal.enclave.engines.tes import TesEngine, TesSite, Token
from commonweal.foundation.clock import FixedClock
from tests import factories
from tests.engine_house import SECRET, Scripted, scripted, statement, statement_data, task
from tests.release_house import refused


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scripted]:
    with scripted(tmp_path_factory.mktemp("outputs")) as found:
        yield found


@pytest.fixture
def site(server: Scripted) -> Scripted:
    server.script(reset=True)
    return server


# --- once, whatever becomes of the answer ------------------------------------------------------


@pytest.mark.parametrize("what", ["after", "cut", "huge", "text:never mind", "text:{}", "500"])
def test_an_answer_that_is_lost_or_broken_never_makes_two_tasks(site: Scripted, what: str) -> None:
    site.script(("create", what))
    engine, taken = site.engine(), what == "after"
    if taken:
        ticket = engine.submit(task())
    else:
        assert refused(lambda: engine.submit(task())).code == "CW-ENGINE-UNSURE"
        ticket = engine.submit(task())
    assert engine.submit(task()) == ticket
    assert len(site.held()["tasks"]) == 1


def test_a_crash_after_sending_finds_its_task_again(site: Scripted) -> None:
    first = site.engine().submit(task())
    assert site.engine().submit(task()) == first, "another process, the same task"
    assert [one["name"] for one in site.held()["tasks"]] == ["job-1.1"]


def test_two_of_one_name_become_one(site: Scripted) -> None:
    site.script(("create", "twice"))
    ticket = site.engine().submit(task())
    held = site.held()["tasks"]
    assert [one["state"] for one in held] == ["QUEUED", "CANCELED"]
    assert ticket.there == held[0]["id"]
    assert site.engine().submit(task()) == ticket


def test_tasks_of_another_home_or_job_are_not_ours(site: Scripted) -> None:
    ours = site.engine().submit(task())
    other = site.engine(home="home-2").submit(task())
    near = site.engine().submit(task("job-11"))
    assert len({ours.there, other.there, near.there}) == 3
    site.script(filters=False)  # a site that does not filter gives everything, in pages of two
    assert site.engine().submit(task()) == ours
    assert len(site.held()["tasks"]) == 3


def test_a_list_that_does_not_end_is_not_followed_for_ever(site: Scripted) -> None:
    page = 'text:{"tasks": [], "next_page_token": "7"}'
    site.script(*[("list", page)] * (tes.MOST_PAGES + 1))
    assert refused(lambda: site.engine().submit(task())).code == "CW-ENGINE-ANSWER"
    assert site.held()["tasks"] == []


# --- what may be asked again, is ---------------------------------------------------------------


@pytest.mark.parametrize("what", ["500", "503", "lost", "cut"])
def test_reading_is_tried_three_times(site: Scripted, what: str) -> None:
    engine = site.engine()
    ticket = engine.submit(task())
    site.script(("get", what), ("get", what))
    assert engine.poll(ticket) == "waiting"
    site.script(*[("get", what)] * 3)
    assert refused(lambda: engine.poll(ticket)).exit_code == 5
    assert engine.poll(ticket) == "waiting"


@pytest.mark.parametrize("what", ["slow", "drip"])
def test_a_slow_answer_is_cut_off(site: Scripted, what: str) -> None:
    engine = site.engine(timeout=0.3)
    ticket = engine.submit(task())
    site.script(*[("get", what)] * 3)
    before = datetime.now(UTC)
    assert refused(lambda: engine.poll(ticket)).code == "CW-ENGINE-UNREACHABLE"
    assert datetime.now(UTC) - before < timedelta(seconds=2.5)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", "{", '{"id": "task-0000"}{', '{"id": "other", "state": "RUNNING"}',
     '{"id": "task-0000", "state": "DONE"}', '{"id": "task-0000", "state": 7}',
     '{"id": "task-0000", "id": "task-0000", "state": "RUNNING"}', "[" * 5_000, "\x00", "NaN"],
)  # fmt: skip
def test_an_answer_that_is_none_is_refused_by_our_error(site: Scripted, text: str) -> None:
    engine = site.engine()
    ticket = engine.submit(task())
    site.script(("get", f"text:{text}"))
    assert refused(lambda: engine.poll(ticket)).code == "CW-ENGINE-ANSWER"


_OURS = '"tags": {"commonweal_home": "home-1", "commonweal_job": "job-1.1"%s}'
_MARKED = ', "commonweal_mark": "%s"'


@pytest.mark.parametrize(
    "tasks",
    [
        '{"tasks": 1}',
        '{"tasks": [1]}',
        '{"next_page_token": 5, "tasks": []}',
        '{"tasks": [], "next_page_token": "a b"}',
        '{"tasks": [{' + _OURS % "" + "}]}",
        '{"tasks": [{"id": "t", ' + _OURS % (_MARKED % "../../etc") + "}]}",
        '{"tasks": [{"id": "../x", ' + _OURS % (_MARKED % ("0" * 32)) + "}]}",
    ],
)
def test_a_list_that_is_none_makes_no_task(site: Scripted, tasks: str) -> None:
    site.script(("list", f"text:{tasks}"))
    if tasks == '{"tasks": [1]}':  # somebody else's nonsense is passed over
        assert site.engine().submit(task())
        return
    assert refused(lambda: site.engine().submit(task())).code == "CW-ENGINE-ANSWER"
    assert site.held()["tasks"] == []


def test_every_state_of_the_standard_is_understood(site: Scripted) -> None:
    engine = site.engine()
    ticket = engine.submit(task())
    site.script(states=list(STATES))
    assert [engine.poll(ticket) for _ in STATES] == list(STATES.values())
    assert {"PREEMPTED", "CANCELING"} <= set(STATES)


def test_going_back_is_followed_until_it_has_ended(site: Scripted) -> None:
    engine = site.engine()
    ticket = engine.submit(task())
    site.script(states=["RUNNING", "QUEUED", "RUNNING", "UNKNOWN", "COMPLETE", "RUNNING"])
    state = engine.poll(ticket)
    for expected in ("waiting", "running", "unknown", "finished"):
        state = engine.poll(ticket, state)
        assert state == expected
    assert refused(lambda: engine.poll(ticket, state)).code == "CW-ENGINE-BACKWARDS"


# --- nobody is followed, and nothing is shown --------------------------------------------------


@pytest.mark.parametrize("kind", ["service", "list", "create"])
def test_a_redirect_is_refused(site: Scripted, kind: str) -> None:
    site.script((kind, "redirect"))
    assert refused(lambda: site.engine().submit(task())).code == "CW-ENGINE-REFUSED"
    assert len(site.held()["tokens"]) <= 4


def test_the_token_goes_to_the_site_and_nowhere_else(
    site: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    engine = site.engine()
    engine.submit(task())
    assert set(site.held()["tokens"]) == {f"Bearer {SECRET}"}
    said = [caplog.text, repr(engine), repr(engine.site), repr(engine.site.token), str(engine.site)]
    for what in ("lost", "403", "redirect", "text:{"):
        site.script(*[("service", what)] * 3)
        error = refused(lambda: engine.submit(task()))
        said += [str(error), repr(error), str(error.as_dict())]
        assert "secret words" not in str(error), "the site's words are not repeated"
    assert not any(SECRET in one for one in said)
    with pytest.raises(TypeError):
        pickle.dumps(engine.site.token)


@pytest.mark.parametrize("text", ["", "a b", "a\r\nX-Evil: 1", "é"])
def test_a_token_that_is_none_is_refused(text: str) -> None:
    assert refused(lambda: Token(text)).code == "CW-ENGINE-ADDRESS"


@pytest.mark.parametrize(
    "address",
    ["http://tes.example", "ftp://tes.example", "https://", "https://u:p@tes.example",
     "https://tes.example?x=1", "https://tes.example#x", "https://[::1", "tes.example"],
)  # fmt: skip
def test_an_address_that_would_show_the_token_is_refused(address: str, tmp_path: Path) -> None:
    made = refused(lambda: TesSite(address, "home-1", "file:///srv/out", tmp_path, 0))
    assert made.code == "CW-ENGINE-ADDRESS"


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    own, key = certificate(tmp_path / "own", "127.0.0.1")
    other, _ = certificate(tmp_path / "other", "127.0.0.1")
    with scripted(tmp_path, own, key) as site:
        address = f"https://127.0.0.1:{site.port}"
        signed = statement(address)
        assert site.engine(signed, address=address, authority=own).submit(task()).name == "job-1.1"
        for authority in (None, other):
            engine = site.engine(signed, address=address, authority=authority)
            assert refused(lambda e=engine: e.submit(task())).code == "CW-ENGINE-UNREACHABLE"
        named = f"https://localhost:{site.port}"
        engine = site.engine(statement(named), address=named, authority=own)
        assert refused(lambda: engine.submit(task())).code == "CW-ENGINE-UNREACHABLE", "its name"


def certificate(folder: Path, host: str) -> tuple[Path, Path]:
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    folder.mkdir()
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a site")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name)
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]),
                       critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "c.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "k.pem").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))  # fmt: skip
    return folder / "c.pem", folder / "k.pem"


# --- no way out, or no job ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "service",
    [
        {"id": "org.example.other"},
        {"type": {"group": "org.ga4gh", "artifact": "wes", "version": "1.1.0"}},
        {"type": {"group": "org.ga4gh", "artifact": "tes", "version": "1.0.0"}},
        {"type": {"group": "org.ga4gh", "artifact": "tes", "version": "1.10"}},
        {"tesResources_backend_parameters": []},
        {"tesResources_backend_parameters": None},
        {"tesResources_backend_parameters": "network"},
    ],
)
def test_a_site_that_is_not_the_one_that_was_tried_gets_no_job(
    site: Scripted, service: dict[str, object]
) -> None:
    site.script(service=service)
    assert refused(lambda: site.engine().submit(task())).code == "CW-ENGINE-SITE"
    assert site.held()["tasks"] == []


def test_every_task_carries_the_parameter_strictly(site: Scripted) -> None:
    site.engine().submit(task())
    (held,) = site.held()["tasks"]
    assert held["resources"]["backend_parameters"] == {"network": "none"}
    assert held["resources"]["backend_parameters_strict"] is True
    assert held["executors"][0]["image"].count("@sha256:") == 1


def test_a_site_that_drops_the_parameter_has_the_task_stopped(site: Scripted) -> None:
    site.script(("create", "drops"))
    engine = site.engine()
    assert refused(lambda: engine.submit(task())).code == "CW-ENGINE-SITE"
    assert [one["state"] for one in site.held()["tasks"]] == ["CANCELED"]


def test_a_statement_that_ran_out_or_is_anothers_sends_nothing(site: Scripted) -> None:
    old = statement(site.address, tried_on="2025-06-01", until="2026-02-28")
    assert refused(lambda: site.engine(old).submit(task())).code == "CW-ENGINE-STATEMENT"
    elsewhere = statement("https://tes.example")
    assert refused(lambda: site.engine(elsewhere).submit(task())).code == "CW-ENGINE-STATEMENT"
    for changes in ({"until": "2027-06-01"}, {"tried_on": "2026-06-01"}, {"value": ""}):
        data = {**statement_data(site.address), **changes}
        assert refused(lambda d=data: statement_of(d)).code == "CW-PAPER-INVALID"
    assert site.held()["calls"] == []


def statement_of(data: dict[str, object]) -> object:
    from commonweal.papers.site import SiteStatement

    return SiteStatement.read(data, "The statement")


def test_a_statement_that_was_changed_or_signed_by_others_is_not_believed(site: Scripted) -> None:
    signed = statement(site.address)
    config = TesSite(site.address, "home-1", "file:///srv/out", site.folder, 0)
    clock = FixedClock(factories.NOW)
    for text, trust in (
        (signed.replace("A", "B", 1), factories.trust()),
        (signed, factories.trust("somebody-else")),
    ):
        error = refused(lambda t=text, w=trust: TesEngine(config, t, w, clock))
        assert error.code.startswith("CW-SIGNATURE") or error.code == "CW-ENGINE-STATEMENT"
