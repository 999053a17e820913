"""What a machine has that pip cannot install: found, never made. Standard library only."""

import os
import re
import shutil
import subprocess
from pathlib import Path


def postgres_bin() -> Path | None:
    """Return the folder that holds PostgreSQL's server programs, or None where there is none."""
    wanted = ("initdb", "pg_ctl", "postgres")
    on_path = shutil.which("initdb")
    # Debian keeps the server off PATH, one folder for each major version.
    packaged = Path("/usr/lib/postgresql").glob("*/bin")
    newest_first = sorted(packaged, key=lambda p: _major(p.parent.name), reverse=True)
    folders = [Path(on_path).resolve().parent] if on_path else []
    for folder in [*folders, *newest_first]:
        if all(os.access(folder / name, os.X_OK) for name in wanted):
            return folder
    return None


def chromium() -> str | None:
    """Return the program that starts Chromium, or None where there is none."""
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return next((path for path in found if path is not None), None)


def has_sandbox() -> bool:
    """Say whether bubblewrap, and the library that makes filters of system calls, are there."""
    program = shutil.which("bwrap", path="/usr/bin:/bin")
    places = ("/lib", "/usr/lib", "/lib64", "/usr/lib64")
    found = (next(Path(at).glob("**/libseccomp.so.2"), None) for at in places)
    return program is not None and any(found)


def _major(name: str) -> int:
    digits = re.match(r"\d+", name)
    return int(digits.group()) if digits else -1


def has_java() -> bool:
    """Say whether JAVA_HOME, or else PATH, has a Java that Spark is used with: 17 or 21."""
    home = os.environ.get("JAVA_HOME")
    program = shutil.which(f"{home}/bin/java" if home else "java") or os.devnull
    if not os.access(program, os.X_OK):
        return False
    said = subprocess.run([program, "-version"], check=False, capture_output=True).stderr
    return re.search(rb'version "(17|21)[.\"]', said) is not None
