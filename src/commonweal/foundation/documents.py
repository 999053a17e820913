"""Strict reading of the YAML and JSON documents that people write.

Only plain data is read: mappings, lists, text, numbers, booleans. Anchors and aliases (which can
blow up or hide content), tags, several documents in one file and keys named twice are refused.
Dates stay text, so that each paper parses them itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from commonweal.foundation.canonical import check_depth, parse_json
from commonweal.foundation.errors import Fault
from commonweal.foundation.files import read_bytes

MAX_BYTES = 4 * 1024 * 1024


class _StrictLoader(yaml.SafeLoader):
    """A SafeLoader without dates, anchors, tags, merges, double keys or ambiguous numbers."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012

    def compose_node(self, parent: Any, index: Any) -> Any:
        peek: Callable[[], Any] = self.peek_event
        event = peek()
        mark: Any = event.start_mark
        if isinstance(event, yaml.events.AliasEvent):
            raise yaml.constructor.ConstructorError(None, None, "aliases are not allowed", mark)
        for name in ("anchor", "tag"):
            if getattr(event, name, None) is not None:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{name}s are not allowed", mark
                )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:  # noqa: ARG002
        found: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key is not text", key_node.start_mark
                )
            if key in found:
                raise yaml.constructor.ConstructorError(
                    None, None, "a key is named twice", key_node.start_mark
                )
            found[key] = self.construct_object(value_node, deep=True)
        return found


def _construct_map(loader: _StrictLoader, node: Any) -> dict[Any, Any]:
    return loader.construct_mapping(node, deep=True)


def _construct_float(_: _StrictLoader, node: Any) -> float:
    number = float(node.value)
    if math.isinf(number):
        raise yaml.constructor.ConstructorError(
            None, None, "a number is too large", node.start_mark
        )
    return number


_StrictLoader.add_constructor("tag:yaml.org,2002:map", _construct_map)
_StrictLoader.add_constructor("tag:yaml.org,2002:float", _construct_float)

# Only what can be read in one way is more than text. YAML 1.1 would make 83 of the code 0123,
# 45000 of 12:30:00, and a number of .nan.
_INTEGER = r"[-+]?(?:0|[1-9][0-9]*)"
for _kind, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", _INTEGER, list("-+0123456789")),
    ("float", rf"{_INTEGER}(?:\.[0-9]+(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)", list("-+0123456789")),
):
    _StrictLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_kind}", re.compile(rf"^(?:{_pattern})$", re.ASCII), _first
    )


def parse_yaml(text: str | bytes, what: str, *, max_bytes: int = MAX_BYTES) -> Any:
    """Read one YAML document strictly.

    Raises `Fault` CW-FILE-TOO-LARGE, CW-FILE-ENCODING or CW-YAML-INVALID, naming `what` and,
    where known, the line. The text itself is never repeated.
    """
    if len(text) > max_bytes:
        raise Fault("CW-FILE-TOO-LARGE", f"{what} is larger than {max_bytes:,} bytes.")
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Fault("CW-FILE-ENCODING", f"{what} is not UTF-8 text.") from error
    try:
        value = yaml.load(text, Loader=_StrictLoader)  # noqa: S506 (a SafeLoader made stricter)
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError) as error:
        raise Fault("CW-YAML-INVALID", f"{what} is not valid YAML{_place(error)}.") from error
    check_depth(value, what, "CW-YAML-INVALID")
    return value


def load_document(path: Path, what: str) -> Any:
    """Read the document at `path`: JSON where the name ends in `.json`, else YAML."""
    content = read_bytes(path, what, limit=MAX_BYTES)
    named = f"{what} ({path.name})"
    if path.suffix.lower() == ".json":
        return parse_json(content, named, max_bytes=MAX_BYTES)
    return parse_yaml(content, named)


def _place(error: BaseException) -> str:
    mark = getattr(error, "problem_mark", None)
    known = {
        "a key is named twice",
        "a key is not text",
        "aliases are not allowed",
        "anchors are not allowed",
        "tags are not allowed",
        "a number is too large",
    }
    problem = getattr(error, "problem", None)
    said = f": {problem}" if problem in known else ""
    return f" (line {mark.line + 1}{said})" if mark is not None else said
