"""What every answer carries, what every page may hold, and how the service is set up."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.web.conftest import new_client
from tests.web.house import make_home
from tests.web.test_every_page import addresses

WEB = Path(__file__).resolve().parents[2] / "src" / "commonweal" / "web"
POLICY = {
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:",
    "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'",
}  # fmt: skip
EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@pytest.mark.parametrize(
    "path", ["/", "/none", "/account/", "/data.csv", "/api/v1/me", "/api/v1/catalogue", "/health"]
)
def test_every_answer_carries_the_headers(client: Any, path: str) -> None:
    answer = client.get(path)
    assert set(answer["Content-Security-Policy"].split("; ")) == POLICY
    assert {name: answer[name] for name in EVERYWHERE} == EVERYWHERE
    assert "camera=()" in answer["Permissions-Policy"]
    assert re.fullmatch(r"[2-9A-Z]{4}-[2-9A-Z]{4}", answer["X-Reference"])


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "a b"])
def test_answers_to_other_hosts_carry_them_too(web_home: Path, host: str) -> None:
    answer = new_client().get("/", headers={"host": host})
    assert answer.status_code == 403
    assert set(answer["Content-Security-Policy"].split("; ")) == POLICY


def test_what_is_not_on_a_public_page_needs_a_sign_in(web_home: Path) -> None:
    """Every address of the service, but those that are named here, sends a stranger to sign in."""
    public = {
        "home", "about", "accessibility", "cookies", "health", "robots", "catalogue_csv",
        "catalogue_hdruk", "catalogue_croissant",
        "discovery:feasibility", "discovery:feasibility_of",
        "discovery:index", "discovery:dataset", "discovery:table", "discovery:variable",
        "publicpages:index", "publicpages:page", "publicpages:format",
        "publicpages:your_choices", "publicpages:form", "publicpages:notice",
        "register:index", "register:project", "register:refused", "register:output",
        "register:record", "register:paper", "register:check", "register:projection",
        "register:came", "register:companies", "register:open_data", "register:csv",
        "register:atom", "register:hdruk", "register:hdruk_1", "register:refused_csv",
        "register:refused_json", "oversight:index", "oversight:group", "panel:index",
        "publiclog:index", "publiclog:experts", "publiclog:entry", "publiclog:entries",
        "publiclog:atom", "publiclog:checkpoint", "publiclog:keys", "publiclog:tile",
        "publiclog:proof", "publiclog:checker", "publiclog:program", "publiclog:table",
        "publiclog:checkpoint_of", "publiclog:tile_of",
        "told:went_wrong", "told:texts", "told:text", "told:text_bytes",
        "concerns:index", "concerns:new", "concerns:own",
        "patients:my_data", "patients:sign_in", "patients:callback", "patients:answer",
        "patients:paper", "patients:choose", "patients:take_back", "patients:confirm",
        "patients:sign_out",
        "choices:begin", "choices:new",
        "alerts:index", "alerts:begin", "alerts:stop",
        "panel:heard_list", "panel:heard", "assessments:index", "assessments:one",
        "assessments:earlier",
        "committee:index", "committee:rules", "committee:decisions", "committee:decision",
        "committee:public_minutes",
        "accounts:personas", "accounts:persona_sign_in",
        "accounts:accept", "account_login", "account_signup", "account_inactive",
        "account_reset_password", "account_reset_password_done", "account_confirm_email",
        "account_reset_password_from_key", "account_reset_password_from_key_done",
        "account_email_verification_sent", "account_logout", "accounts:sign_out",
        "accounts:provider_begin", "accounts:provider_answer", "accounts:provider_notice",
        "accounts:provider_keys", "accounts:provider_accept",
    }  # fmt: skip
    closed = []
    for name, path in addresses():
        if name.startswith("api:"):
            continue  # tests/web/test_api.py
        answer = new_client().get(path)
        sent_away = answer.status_code == 302 and "/account/login/" in answer["Location"]
        if name in public:
            assert not sent_away, name
        else:
            closed.append(name)
            assert sent_away, (name, path, answer.status_code)
    assert len(closed) > 15


# --- what source may hold -----------------------------------------------------------------------


def templates() -> list[Path]:
    return [*WEB.rglob("*.jinja"), *WEB.rglob("jinja2/**/*.html")]


def template_faults(text: str) -> list[str]:
    """What a strict policy or a careful reader would not let pass."""
    rules = {
        "inline style": r"\sstyle\s*=",
        "inline handler": r"\son[a-z]+\s*=\s*[\"']",
        "inline script": r"<script(?![^>]*\ssrc=)",
        "unescaped": r"\|\s*safe\b|autoescape",
        "outside host": r"(?:src|href|action)\s*=\s*[\"'](?:https?:)?//",
        "style block": r"<style",
    }
    return [name for name, rule in rules.items() if re.search(rule, text)]


def test_no_template_holds_anything_inline_or_from_outside() -> None:
    found = {str(p.relative_to(WEB)): template_faults(p.read_text()) for p in templates()}
    assert len(found) > 40
    assert {name: faults for name, faults in found.items() if faults} == {}


@pytest.mark.parametrize(
    "text",
    ['<p style="x">', "<a onclick='x'>", "<script>x</script>", "{{ x | safe }}",
     '<img src="https://example.org/x">', '<a href="//example.org">', "<style>a{}</style>"],
)  # fmt: skip
def test_a_planted_fault_is_found(text: str) -> None:
    assert template_faults(text)


def test_time_comes_from_the_clock_and_nothing_is_pickled() -> None:
    banned = {"now", "today", "utcnow", "time", "time_ns"}
    found = []
    for path in WEB.rglob("*.py"):
        if path.name == "clock.py" or "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = node.func.value
                name = owner.id if isinstance(owner, ast.Name) else ""
                wrong = name in {"datetime", "date", "timezone", "time", "dt"}
                if node.func.attr in banned and wrong:
                    found.append(f"{path.name}:{node.lineno}")
            names = getattr(node, "names", [])
            if isinstance(node, ast.Import | ast.ImportFrom):
                module = getattr(node, "module", "") or ""
                told = {module, *(alias.name for alias in names)}
                if told & {"pickle", "django.utils.timezone", "random", "requests"}:
                    found.append(f"{path.name}:{node.lineno}")
    assert found == []


def test_what_is_vendored_is_what_its_record_says() -> None:
    folder = WEB / "nhsuk" / "static" / "nhsuk"
    record = json.loads((folder / "VENDORED.json").read_text())
    assert (record["package"], record["licence"]) == ("nhsuk-frontend", "MIT")
    there = {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "VENDORED.json"
    }
    assert there == record["files"]
    for name in there:
        text = (folder / name).read_text()
        assert not re.search(r"https?://(?!www\.w3\.org/)", text), name
        assert "font-face" not in text
        assert "Frutiger" not in text


def test_the_pair_of_nhsuk_packages_is_the_one_that_belongs_together() -> None:
    from importlib.metadata import version

    from tools import vendor_nhsuk

    assert (vendor_nhsuk.VERSION, version("nhsuk-frontend-jinja")) == ("10.6.1", "0.10.2")


@pytest.mark.parametrize(
    "text",
    ["a{background:url(https://assets.example.org/x.svg)}", "@font-face{src:x}", "a{}@import 'x';",
     "a{background:url(/assets/x.png)}", "a{font-family:Frutiger W01}", "fetch('//evil.example/')"],
)  # fmt: skip
def test_the_vendoring_refuses_what_points_outside(text: str) -> None:
    from tools import vendor_nhsuk

    with pytest.raises(SystemExit):
        vendor_nhsuk.refuse_addresses("x", text)


def test_the_vendoring_cleans() -> None:
    from tools import vendor_nhsuk

    dirty = (
        "@font-face{font-family:Frutiger W01;src:url(https://assets.nhs.uk/x)}"
        "a{font-family:Frutiger W01,arial;background:url(/assets/images/x-1.svg)}"
        "/*# sourceMappingURL=x.map */"
    )
    assert (
        vendor_nhsuk.clean_style(dirty) == "a{font-family:arial;background:url(images/x-1.svg)}\n"
    )


# --- a service for real data, behind a proxy ----------------------------------------------------

ASK = """
import json, django
django.setup()
from django.conf import settings as s
from django.core.checks import run_checks
from django.test import Client
far = Client(headers={"host": "data.example.nhs.uk"}, REMOTE_ADDR="10.0.0.9")
tls = {"HTTP_X_FORWARDED_PROTO": "https"}
plain, secure = far.get("/"), far.get("/", **tls)
other = far.get("/", headers={"host": "evil.example"}, **tls)
people = far.get("/account/people/", **tls)
posted = far.post("/account/people/sign-in/", {"person": "farah"}, **tls)
print(json.dumps({
    "cookies": [s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME],
    "locked": [s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE],
    "hasher": s.PASSWORD_HASHERS[0],
    "least": s.AUTH_PASSWORD_VALIDATORS[0]["OPTIONS"]["min_length"],
    "checks": [str(one) for one in run_checks(include_deployment_checks=True)],
    "plain": [plain.status_code, plain.get("Location", "")],
    "hsts": secure.get("Strict-Transport-Security", ""), "secure": secure.status_code,
    "banner": "Demonstration" in secure.content.decode(),
    "other": other.status_code, "people": people.status_code, "posted": posted.status_code,
    "sentence": "in a demonstration only" in people.content.decode(),
}))
"""


def test_behind_a_proxy_cookies_are_locked_and_nobody_is_made_up(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", kind="standard", stores=tmp_path / "stores")
    variables = {
        # The tests' own switch for a browser in the same process; no deployment sets it.
        **{k: v for k, v in os.environ.items() if k != "DJANGO_ALLOW_ASYNC_UNSAFE"},
        "COMMONWEAL_HOME": str(home),
        "COMMONWEAL_WEB_TLS": "proxy",
        "COMMONWEAL_WEB_NAMES": "data.example.nhs.uk",
        "DJANGO_SETTINGS_MODULE": "commonweal.web.config.settings",
    }
    ready = [sys.executable, "-m", "commonweal.web.prepare"]
    made = subprocess.run(ready, env=variables, check=True, capture_output=True)
    assert json.loads(made.stdout)["people"] == 0
    done = subprocess.run(
        [sys.executable, "-c", ASK], env=variables, check=True, capture_output=True, text=True
    )
    said = json.loads(done.stdout)
    assert said["cookies"] == ["__Host-session", "__Host-csrf"]
    assert said["locked"] == [True, True]
    assert said["hasher"].endswith("ScryptPasswordHasher")
    assert said["least"] == 15
    assert said["checks"] == []
    assert said["plain"] == [301, "https://data.example.nhs.uk/"]
    assert said["hsts"] == "max-age=31536000; includeSubDomains; preload"
    assert (said["secure"], said["banner"]) == (200, False)
    assert said["other"] == 400
    assert (said["people"], said["posted"], said["sentence"]) == (403, 403, True)
