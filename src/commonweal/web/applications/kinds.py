"""Which kind of request an application is, and what is checked of it before it is sent.

The app that knows changes and renewals says so here when it is loaded; this app knows none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from commonweal.governance.application.model import ApplicationContent
from commonweal.web.applications.models import Application

Kind = Literal["application", "amendment", "renewal"]
Check = Callable[[Application, ApplicationContent], None]
_checks: list[Check] = []


def before_sending(check: Check) -> None:
    """Let `check` look at each draft before it is sent. A second call changes nothing."""
    if check not in _checks:
        _checks.append(check)


def check_kind(application: Application, content: ApplicationContent) -> None:
    """Ask every check. Raises what they raise."""
    for check in _checks:
        check(application, content)


def kind_of(application: Application) -> Kind:
    """What an application is about, in the ledger's words."""
    found = getattr(application, "amendment", None)
    return "application" if found is None else found.kind
