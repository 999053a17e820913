"""The Java that Spark runs in: which one it is, asked before anything is given to it.

A Java that is broken, of another version or never answers is refused in one sentence; without this
Spark would wait for it for ever, or fail with words of its own. The one module that starts a
process itself: `java -version`, which gets nothing and is ended after some seconds.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from commonweal.foundation.errors import Unavailable

JAVA_VERSIONS = (17, 21)
_SECONDS = 20.0
_SAID = re.compile(r'version "(?:1\.)?([0-9]{1,3})')
# Names of a person's shell that Java and Spark's scripts may see. All others could change what they
# do: `_JAVA_OPTIONS` is stronger than any setting of ours, and can ask for dumps of the memory.
_HARMLESS = frozenset(
    {"HOME", "JAVA_HOME", "LANG", "LANGUAGE", "LD_LIBRARY_PATH", "LOGNAME", "PATH", "TMPDIR",
     "TZ", "USER"}
)  # fmt: skip
_HARMLESS_BEGINNINGS = ("KRB5", "LC_")


def harmless(name: str) -> bool:
    """Whether Java may see the environment's `name`."""
    return name in _HARMLESS or name.startswith(_HARMLESS_BEGINNINGS)


def java_program() -> Path | None:
    """The Java that Spark would be started with."""
    home = os.environ.get("JAVA_HOME")
    if home:
        program = Path(home) / "bin" / "java"
        return program if os.access(program, os.X_OK) else None
    found = shutil.which("java")
    return Path(found) if found else None


def require_java() -> None:
    """Raise `Unavailable` CW-SPARK-JAVA unless the Java here answers and is one that is used."""
    program = java_program()
    if program is None:
        raise no_java("Apache Spark needs Java, which is not on this machine.")
    try:
        done = subprocess.run(  # noqa: S603 (the program that Spark would start; no shell)
            [program, "-version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_SECONDS,
            env={name: value for name, value in os.environ.items() if harmless(name)},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        kind = type(error).__name__
        raise no_java(f"The Java on this machine does not answer ({kind}).") from None
    found = _SAID.search((done.stderr + done.stdout).decode("utf-8", "replace"))
    if done.returncode != 0 or found is None:
        raise no_java("The Java on this machine does not say which version it is.")
    if int(found[1]) not in JAVA_VERSIONS:
        raise no_java(f"Apache Spark is used with Java 17 or 21, and this is Java {found[1]}.")


def no_java(sentence: str) -> Unavailable:
    """The refusal where Java is missing or is not one that is used."""
    return Unavailable(
        "CW-SPARK-JAVA",
        sentence,
        remedy="Install Java 17 or 21 (Debian: openjdk-17-jre-headless), or set JAVA_HOME.",
    )
