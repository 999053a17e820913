"""Logs without personal data: what happened, where in the code, under which reference.

No address, query, name, e-mail or IP number is written. Of an error only its kind and its frames
are shown, never its message, which could quote what somebody typed.
"""

from __future__ import annotations

import json
import logging
import traceback
from typing import Any

from commonweal.foundation.clock import SystemClock, stamp

_SAFE = (
    *("reference", "method", "page", "status", "milliseconds", "code"),
    *("room", "step", "seconds", "intent", "act", "tries"),
)
OURS = "commonweal.web"


class PlainLines(logging.Formatter):
    """One JSON line a record, made of closed fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        line: dict[str, Any] = {
            "at": stamp(SystemClock().now()),
            "level": record.levelname.lower(),
            "from": record.name,
        }
        # The text of others may hold a path or a value, so only our own is written.
        ours = record.name.startswith(OURS)
        line["says"] = str(record.msg) if ours else "see the frames"
        line |= {key: getattr(record, key) for key in _SAFE if hasattr(record, key)}
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            frames = traceback.extract_tb(record.exc_info[2])
            line["frames"] = [f"{one.filename}:{one.lineno} {one.name}" for one in frames[-12:]]
        return json.dumps(line)


def logging_settings() -> dict[str, Any]:
    """The settings of Python's logging: our lines to standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"plain": {"()": "commonweal.web.config.logs.PlainLines"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            OURS: {"handlers": ["stderr"], "level": "INFO", "propagate": False},
            # They repeat addresses and values; our own lines say what is needed.
            "django.request": {"handlers": [], "level": "CRITICAL", "propagate": False},
            "django.security": {"handlers": [], "level": "CRITICAL", "propagate": False},
            "django.server": {"handlers": [], "level": "CRITICAL", "propagate": False},
            "allauth": {"handlers": [], "level": "CRITICAL", "propagate": False},
        },
    }
