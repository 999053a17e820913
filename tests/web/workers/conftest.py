"""The service's log, line by line."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture
def lines(db: None) -> Iterator[list[dict[str, Any]]]:
    """What the service's log says, line by line."""
    from commonweal.web.config.logs import PlainLines

    said: list[dict[str, Any]] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(json.loads(PlainLines().format(record)))

    handler = Kept()
    logger = logging.getLogger("commonweal.web")
    logger.addHandler(handler)
    yield said
    logger.removeHandler(handler)
