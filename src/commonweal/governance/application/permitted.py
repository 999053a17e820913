"""The variables of an application as a permit writes them, narrowed by what a committee decided.

The one place where an application's variables become a permit's: the check before sending, the
agreement's schedule and the permit draft all come from here, so that they cannot differ.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from commonweal.governance.application.model import ApplicationContent
from commonweal.governance.application.wanted import Place


def permitted_data(
    content: ApplicationContent, keep: Collection[Place], coarser: Mapping[Place, str]
) -> list[dict[str, Any]] | None:
    """The field `data` of a permit: the variables in `keep`, in the order of asking.

    `coarser`: forms that stand in place of those asked for. None where nothing is left.
    """
    tables: dict[str, list[dict[str, Any]]] = {}
    for _, group, item in content.data.asked():
        if item.place is None or item.place not in keep:
            continue
        form = coarser.get(item.place, item.form)
        one = {"variable": item.variable, "form": form, "why": item.why or group.reason}
        if item.since is not None:
            one["since"] = item.since
        variables = tables.setdefault(item.place[0], [])
        variables.append({name: value for name, value in one.items() if value is not None})
    if not tables:
        return None
    written = [{"table": name, "variables": each} for name, each in tables.items()]
    return [{"dataset": content.data.dataset, "tables": written}]
