"""What a site's engine is asked and what may come back, without the wire: plain JSON both ways.

GA4GH Task Execution Service 1.1 (https://github.com/ga4gh/task-execution-schemas). Every answer is
foreign: it is read strictly and only the few fields that we need are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from commonweal.enclave.engines.port import ENDED, State, Task
from commonweal.foundation.errors import Fault, Unavailable
from commonweal.papers.site import SiteStatement

STATES: Mapping[str, State] = {
    "UNKNOWN": "unknown",
    "QUEUED": "waiting",
    "INITIALIZING": "waiting",
    "RUNNING": "running",
    "PAUSED": "running",
    "COMPLETE": "finished",
    "EXECUTOR_ERROR": "failed",
    "SYSTEM_ERROR": "broken",
    "CANCELED": "cancelled",
    "CANCELING": "stopping",
    "PREEMPTED": "preempted",
}
"""TES 1.1 `tesState`."""

HOME_TAG, JOB_TAG, MARK_TAG = "commonweal_home", "commonweal_job", "commonweal_mark"
_THERE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
_MARK = re.compile(r"[0-9a-f]{32}", re.ASCII)
_PAGE_TOKEN = re.compile(r"[\x21-\x7e]{1,1024}", re.ASCII)
MOST_ON_A_PAGE = 2_000


def misunderstood(what: str) -> Unavailable:
    """The error for an answer that is not one."""
    return Unavailable(
        "CW-ENGINE-ANSWER", f"The site's engine gave an answer that cannot be understood: {what}."
    )


@dataclass(frozen=True)
class Known:
    """A task as a list of tasks shows it."""

    there: str
    name: str
    mark: str
    state: State
    made: str


def task_document(
    task: Task, home: str, mark: str, outputs: str, site: SiteStatement
) -> dict[str, Any]:
    """The `tesTask` to create. `outputs`: the address under which its output folder is put."""
    return {
        "name": task.name,
        "tags": {HOME_TAG: home, JOB_TAG: task.name, MARK_TAG: mark},
        "executors": [
            {
                "image": task.image,
                "command": list(task.command),
                "workdir": task.workdir,
                "env": dict(sorted(task.environment.items())),
            }
        ],
        "inputs": [
            {
                "url": one.address,
                "path": one.inside,
                "type": "DIRECTORY" if one.kind == "folder" else "FILE",
            }
            for one in task.given
        ],
        "outputs": [{"url": f"{outputs}/{mark}", "path": "/outputs", "type": "DIRECTORY"}],
        "resources": {
            "cpu_cores": task.needs.cores,
            "ram_gb": task.needs.memory_gb,
            "disk_gb": task.needs.disk_gb,
            "preemptible": False,
            "backend_parameters": {site.parameter: site.value},
            "backend_parameters_strict": True,
        },
    }


def check_service(plain: Any, site: SiteStatement) -> None:
    """Refuse a site that is not what the statement is about.

    1. It is a TES service. 2. Of version 1.1. 3. It has the id that was stated. 4. It knows the
    parameter that switches the network off, so that a strict task is refused elsewhere.
    Raises `Unavailable` CW-ENGINE-SITE.
    """
    if not isinstance(plain, dict) or not isinstance(plain.get("type"), dict):
        raise misunderstood("the service does not say what it is")
    kind = plain["type"]
    if kind.get("artifact") != "tes" or kind.get("group") != "org.ga4gh":
        raise _other("is no task execution service")
    version = kind.get("version")
    if not (isinstance(version, str) and re.fullmatch(r"1\.1(\.[0-9]+)?", version, re.ASCII)):
        raise _other("is not of version 1.1")
    if plain.get("id") != site.service:
        raise _other("is another service than the one that was tried")
    known = plain.get("tesResources_backend_parameters")
    if not isinstance(known, list) or site.parameter not in known:
        raise _other("does not know the parameter that switches the network off")


def check_taken(plain: Any, sent: Mapping[str, Any]) -> None:
    """Refuse a task that the site holds in another form than it was sent in.

    A site that drops what it does not know would run the job with a network. Raises `Unavailable`
    CW-ENGINE-SITE.
    """
    if not isinstance(plain, dict):
        raise misunderstood("a task is not an object")
    held, wanted = plain.get("resources"), sent["resources"]
    if not isinstance(held, dict):
        raise _other("holds the task without what it needs")
    for name in ("backend_parameters", "backend_parameters_strict"):
        if held.get(name) != wanted[name]:
            raise _other(f"holds the task without its {name}")
    executors = plain.get("executors")
    if not isinstance(executors, list) or len(executors) != 1 or not isinstance(executors[0], dict):
        raise _other("holds the task with other programs")
    for name in ("image", "command"):
        if executors[0].get(name) != sent["executors"][0][name]:
            raise _other(f"holds the task with another {name}")
    for name in ("inputs", "outputs"):
        if _places(plain.get(name)) != _places(sent[name]):
            raise _other(f"holds the task with other {name}")


def _places(plain: Any) -> set[tuple[Any, Any]] | None:
    if not isinstance(plain, list) or not all(isinstance(one, dict) for one in plain):
        return None
    places = [(one.get("url"), one.get("path")) for one in plain]
    if not all(isinstance(part, str) for one in places for part in one):
        return None
    return set(places)


def _other(why: str) -> Unavailable:
    return Unavailable(
        "CW-ENGINE-SITE",
        f"The site's engine {why}, so no job is sent to it.",
        remedy="Try the site again and sign a new statement, or run jobs on this machine.",
    )


def state_of(plain: Any, there: str) -> State:
    """The state of the task `there`. Raises `Unavailable` CW-ENGINE-ANSWER."""
    if not isinstance(plain, dict) or plain.get("id") != there:
        raise misunderstood("it is about another task")
    return _state(plain.get("state"))


def page_of(plain: Any, home: str, name: str) -> tuple[list[Known], str | None]:
    """(the tasks of a page that are `name` of `home`, the token of the next page).

    A service that does not filter by tag gives others as well; those are passed over. Raises
    `Unavailable` CW-ENGINE-ANSWER.
    """
    tasks = plain.get("tasks") if isinstance(plain, dict) else None
    if not isinstance(tasks, list) or len(tasks) > MOST_ON_A_PAGE:
        raise misunderstood("a list of tasks is not one")
    found = []
    for one in tasks:
        tags = one.get("tags") if isinstance(one, dict) else None
        if isinstance(tags, dict) and (tags.get(HOME_TAG), tags.get(JOB_TAG)) == (home, name):
            mark = tags.get(MARK_TAG)
            if not isinstance(mark, str) or not _MARK.fullmatch(mark):
                raise misunderstood("a task of ours lacks its mark")
            made = one.get("creation_time")
            made = made if isinstance(made, str) else ""
            found.append(Known(_there(one.get("id")), name, mark, _state(one.get("state")), made))
    token = plain.get("next_page_token")
    if token in (None, ""):
        return found, None
    if not isinstance(token, str) or not _PAGE_TOKEN.fullmatch(token):
        raise misunderstood("a page of tasks leads nowhere")
    return found, token


def chosen(found: list[Known]) -> tuple[Known, list[Known]]:
    """(the one task that counts, those beside it that are to be stopped).

    Whoever looks chooses the same: one that still goes or has finished before one that did not,
    then the oldest, then the first by name.
    """
    given_up = ENDED - {"finished"}
    ordered = sorted(found, key=lambda one: (one.state in given_up, one.made, one.there))
    return ordered[0], [one for one in ordered[1:] if one.state not in ENDED]


def _there(value: Any) -> str:
    if not isinstance(value, str) or not _THERE.fullmatch(value):
        raise misunderstood("a task has no id that can be used")
    return value


def _state(value: Any) -> State:
    # A list may leave the state out; TES then means that it is not known.
    if value is None:
        return "unknown"
    if not isinstance(value, str) or value not in STATES:
        raise misunderstood("a task is in a state that TES 1.1 does not have")
    return STATES[value]


def require_statement(site: SiteStatement, address: str, at: datetime) -> None:
    """Refuse a statement that ran out or is about another address.

    Raises `Fault` CW-ENGINE-STATEMENT.
    """
    if site.address != address:
        raise Fault("CW-ENGINE-STATEMENT", "The site's statement is about another address.")
    if not site.holds(at):
        raise Fault(
            "CW-ENGINE-STATEMENT",
            f"The site's statement was believed until {site.until:%d %B %Y}.",
            remedy="Have it tried again that jobs there have no way out, and sign that anew.",
        )
