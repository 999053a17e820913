"""What the service is told, what it keeps to itself, and what kind of home it stands in."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError, Fault, Refused, WrongUsage
from commonweal.web.config.environment import Environment, is_loopback
from commonweal.web.config.secret import secret_key
from commonweal.web.config.trusting import look_at_home
from commonweal.web.supervisor import checked_service
from tests.web.house import NAME

BASE = {"COMMONWEAL_HOME": "/somewhere/home"}


def read(**said: str) -> Environment:
    return Environment.read({**BASE, **said})


def test_without_settings_all_is_local() -> None:
    found = read()
    assert found.names == ("localhost",)
    assert found.insecure_http
    assert not found.behind_proxy
    assert found.database["NAME"] == "/somewhere/home/web/service.sqlite"
    assert found.database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        assert pragma in found.database["OPTIONS"]["init_command"]


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ({"COMMONWEAL_HOME": ""}, "COMMONWEAL_HOME"),
        ({"COMMONWEAL_WEB_NAMES": "data.example.nhs.uk"}, "COMMONWEAL_WEB_NAMES"),
        ({"COMMONWEAL_WEB_NAMES": "*", "COMMONWEAL_WEB_TLS": "proxy"}, "COMMONWEAL_WEB_NAMES"),
        ({"COMMONWEAL_WEB_NAMES": "", "COMMONWEAL_WEB_TLS": "proxy"}, "COMMONWEAL_WEB_NAMES"),
        (
            {"COMMONWEAL_WEB_NAMES": ".nhs.uk", "COMMONWEAL_WEB_TLS": "proxy"},
            "COMMONWEAL_WEB_NAMES",
        ),
        ({"COMMONWEAL_WEB_TLS": "yes"}, "COMMONWEAL_WEB_TLS"),
        ({"DATABASE_URL": "mysql://a/b"}, "DATABASE_URL"),
        ({"DATABASE_URL": "sqlite://relative.db"}, "DATABASE_URL"),
        ({"DATABASE_URL": "postgresql://host"}, "DATABASE_URL"),
        ({"DATABASE_URL": "postgresql://host:port/x"}, "DATABASE_URL"),
        ({"DATABASE_URL": "postgresql:///x?options=-c%20fsync%3Doff"}, "DATABASE_URL"),
        ({"COMMONWEAL_SMTP_URL": "mail.example.org"}, "COMMONWEAL_SMTP_URL"),
        ({"COMMONWEAL_SMTP_URL": "smtp+none://mail.example.org"}, "COMMONWEAL_SMTP_URL"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(said: dict[str, str], names: str) -> None:
    with pytest.raises(WrongUsage) as caught:
        read(**said)
    assert caught.value.code == "CW-WEB-SETTING"
    assert names in caught.value.sentence


def test_postgresql_and_mail_are_read_with_their_secrets_kept_out_of_sight() -> None:
    found = read(
        DATABASE_URL="postgresql://web:p%40ss@db:5433/cw?sslmode=verify-full",
        COMMONWEAL_SMTP_URL="smtp://robot:hush@mail.example.org",
        COMMONWEAL_WEB_TLS="proxy",
        COMMONWEAL_WEB_NAMES="data.example.nhs.uk, localhost",
    )
    assert found.database["PASSWORD"] == "p@ss"
    assert found.database["OPTIONS"]["sslmode"] == "verify-full"
    assert (found.smtp.port, found.smtp.encryption) == (587, "starttls") if found.smtp else False
    assert "hush" not in repr(found) + repr(found.smtp)
    assert "p@ss" not in repr(found)


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True), ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True),
        ("0.0.0.0", False), ("localhost.example.org", False), ("10.0.0.1", False), ("", False),
    ],
)  # fmt: skip
def test_what_is_this_machine(host: str, local: bool) -> None:
    assert is_loopback(host) is local


# --- the secret -----------------------------------------------------------------------------------


def test_the_secret_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "web"
    first = secret_key(folder)
    assert secret_key(folder) == first
    assert len(first) >= 80
    assert stat.S_IMODE((folder / "secret_key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("content", ["", "short", "\u00e9" * 90])
def test_a_damaged_secret_is_refused(tmp_path: Path, content: str) -> None:
    secret_key(tmp_path)
    (tmp_path / "secret_key").write_text(content)
    with pytest.raises(Fault) as caught:
        secret_key(tmp_path)
    assert caught.value.code == "CW-WEB-SECRET"


def test_a_secret_that_others_can_read_or_a_link_is_refused(tmp_path: Path) -> None:
    secret_key(tmp_path)
    path = tmp_path / "secret_key"
    path.chmod(0o640)
    with pytest.raises(Refused):
        secret_key(tmp_path)
    path.chmod(0o600)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused):
        secret_key(tmp_path)


# --- the kind of the home -------------------------------------------------------------------------


@pytest.fixture
def copied(web_home: Path, tmp_path: Path) -> Path:
    place = tmp_path / "copy"
    place.mkdir(mode=0o700)
    for name in ("trust.json", "home.json"):
        shutil.copy(web_home / name, place)
    shutil.copytree(web_home / "ledger", place / "ledger")
    return place


def test_the_kind_comes_from_the_policy_that_the_ledger_begins_with(copied: Path) -> None:
    found = look_at_home(copied)
    assert (found.kind, found.custodian) == ("demo", NAME)


def change(path: Path, **changes: Any) -> None:
    plain = json.loads(path.read_text()) | changes
    path.write_text(json.dumps(plain))


def test_a_policy_that_was_changed_is_not_believed(copied: Path) -> None:
    change(copied / "trust.json", custodian="Somebody else")
    with pytest.raises(Fault) as caught:
        look_at_home(copied)
    assert caught.value.code == "CW-TRUST-CHANGED"


@pytest.mark.parametrize("wrong", ["[]", "{}", '{"id": 7}', "{"])
def test_a_home_that_does_not_say_which_it_is_is_none(copied: Path, wrong: str) -> None:
    (copied / "home.json").write_text(wrong)
    with pytest.raises(Fault):
        look_at_home(copied)


@pytest.mark.parametrize("missing", ["trust.json", "ledger"])
def test_a_home_without_policy_or_ledger_is_none(copied: Path, missing: str) -> None:
    path = copied / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(CommonwealError) as caught:
        look_at_home(copied)
    assert caught.value.code in {"CW-HOME-MISSING", "CW-LEDGER-MISSING"}


# --- where it may be served -----------------------------------------------------------------------


def test_a_demonstration_is_served_here_and_nowhere_else(web_home: Path) -> None:
    assert checked_service(web_home, "localhost", 8000, {}).address == "http://localhost:8000"
    for host, said in (
        ("0.0.0.0", {}),
        ("192.168.1.4", {}),
        ("localhost", {"COMMONWEAL_WEB_TLS": "proxy"}),
    ):
        with pytest.raises(Refused) as caught:
            checked_service(web_home, host, 8000, said)
        assert caught.value.code == "CW-WEB-PERSONA"


def test_settings_of_the_environment_cannot_make_a_home_a_demonstration(web_home: Path) -> None:
    assert not any("KIND" in name or "DEMO" in name for name in os.environ)
    source = Path(__file__).parents[2] / "src/commonweal/web/config/environment.py"
    assert "demo" not in source.read_text().lower()
