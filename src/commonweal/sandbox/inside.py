"""The first lines that run inside when a file is parsed. A script: it is started, not imported.

It gets a file on standard input and writes one JSON object on standard output, never anything
else: {"answer": ...} or {"failed": "invalid" | "limit" | "internal"}. What a parser raises is not
told, as messages quote what is in files.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import BinaryIO

CODE, PACKAGES = "/app", "/packages"


def main(module: str, options: str) -> None:
    """Let `module` parse what stands on standard input; say what came of it."""
    answer = os.fdopen(os.dup(1), "wb")
    # What a parser prints must not become part of its answer.
    nowhere = os.open("/dev/null", os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    stream: BinaryIO = os.fdopen(0, "rb", closefd=False)
    try:
        said = {"answer": importlib.import_module(module).parse(stream, json.loads(options))}
        text = json.dumps(said, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except MemoryError:
        text = b'{"failed":"limit"}'
    except Exception as error:  # noqa: BLE001 (never told: it may quote the file)
        kind = getattr(error, "parse_kind", None)
        known = kind if kind in ("invalid", "limit") else "internal"
        text = json.dumps({"failed": known}).encode()
    answer.write(text)
    answer.flush()
    os._exit(0)


if __name__ == "__main__":
    sys.path[:0] = [CODE, PACKAGES]
    main(sys.argv[1], sys.argv[2])
