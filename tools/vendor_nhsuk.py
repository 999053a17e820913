"""Vendor nhsuk-frontend: styles, script and icons from its npm package, cleaned, with their hashes.

For maintainers: `.venv/bin/python tools/vendor_nhsuk.py` fetches the pinned package with npm and
writes `src/commonweal/web/nhsuk/static/nhsuk/`; `--package FILE.tgz` takes one that is there
already; `--check` writes nothing and says whether what is committed is what would be made.

Left out on purpose: the typeface Frutiger and everything that shows the NHS logo (they are for NHS
services only), source maps, and every address of another host. Users need no npm.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

VERSION = "10.6.1"
PACKAGE_SHA256 = "1af037bcb75237c4208809d3ac9a06522ccf61b2268221268ead3985bceb060b"
TARGET = Path(__file__).resolve().parents[1] / "src/commonweal/web/nhsuk/static/nhsuk"
RECORD = "VENDORED.json"

_BUILT = "package/dist/nhsuk/"
_STYLE, _SCRIPT = "nhsuk-frontend.min.css", "nhsuk-frontend.min.js"
_FONT_FACE = re.compile(r"@font-face\{[^}]*\}")
_PICTURE = re.compile(r"url\(/assets/images/([a-z0-9-]+\.svg)\)")
_SOURCE_MAP = re.compile(r"\s*(?://#|/\*#) sourceMappingURL=\S+(?: \*/)?\s*$")
# A namespace is a name and not an address that anything is fetched from.
_ADDRESS = re.compile(r"(?:https?:)?//(?!www\.w3\.org/)[a-z0-9-]+\.[a-z]", re.IGNORECASE)

LICENCE = """\
nhsuk-frontend is under the MIT licence, as its package says.

The MIT License (MIT)

Copyright (c) NHS England

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute,
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or
substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM,
DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT
OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def clean_style(text: str) -> str:
    """The style sheet without typefaces, source map and addresses; icons lie beside it."""
    text = _FONT_FACE.sub("", _SOURCE_MAP.sub("", text)).replace("Frutiger W01,", "")
    return _PICTURE.sub(r"url(images/\1)", text) + "\n"


def clean_script(text: str) -> str:
    """The script without its source map."""
    return _SOURCE_MAP.sub("", text) + "\n"


def refuse_addresses(name: str, text: str) -> None:
    """Raise SystemExit if `text` names another host, a typeface or a place from the root."""
    for pattern in (_ADDRESS, re.compile(r"@font-face|Frutiger|@import"), re.compile(r"url\(/")):
        found = pattern.search(text)
        if found is not None:
            sys.exit(f"{name} still has {found[0]!r}: nothing was written.")


def made_from(package: Path) -> dict[str, bytes]:
    """Every file to be vendored, by its name, from the npm package file."""
    content = package.read_bytes()
    if hashlib.sha256(content).hexdigest() != PACKAGE_SHA256:
        sys.exit(f"{package.name} is not nhsuk-frontend {VERSION}: its hash differs.")
    with tarfile.open(package) as archive:
        style = clean_style(_read(archive, _STYLE))
        script = clean_script(_read(archive, _SCRIPT))
        pictures = sorted(set(re.findall(r"url\(images/([a-z0-9-]+\.svg)\)", style)))
        files = {_STYLE: style, _SCRIPT: script}
        files |= {f"images/{name}": _read(archive, f"assets/images/{name}") for name in pictures}
    for name, text in files.items():
        refuse_addresses(name, text)
    files["LICENCE.txt"] = LICENCE
    made = {name: text.encode() for name, text in files.items()}
    return made | {RECORD: record(made)}


def _read(archive: tarfile.TarFile, name: str) -> str:
    stream = archive.extractfile(_BUILT + name)
    if stream is None:
        sys.exit(f"The package has no file {name}.")
    return stream.read().decode("utf-8")


def record(files: Mapping[str, bytes]) -> bytes:
    """What was vendored: version, licence and the hash of each file."""
    said = {
        "package": "nhsuk-frontend",
        "version": VERSION,
        "licence": "MIT",
        "package_sha256": PACKAGE_SHA256,
        "changed": "typefaces, source maps and addresses of other hosts removed; icons moved",
        "files": {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)},
    }
    return (json.dumps(said, indent=2) + "\n").encode()


def main() -> int:
    """Write the files, or with --check compare them; 1 if they differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", type=Path, help="the npm package file")
    parser.add_argument("--check", action="store_true", help="only compare")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        package = asked.package or _fetched(Path(folder))
        made = made_from(package)
    if asked.check:
        there = {
            str(path.relative_to(TARGET)): path.read_bytes()
            for path in TARGET.rglob("*")
            if path.is_file()
        }
        wrong = sorted(n for n in {*there, *made} if there.get(n) != made.get(n))
        print("\n".join(wrong) or "What is committed is what would be made.")
        return 1 if wrong else 0
    for name, content in made.items():
        path = TARGET / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    print(f"Wrote {len(made)} files of nhsuk-frontend {VERSION}.")
    return 0


def _fetched(folder: Path) -> Path:
    asked = ["npm", "pack", "--silent", f"nhsuk-frontend@{VERSION}"]
    subprocess.run(asked, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return folder / f"nhsuk-frontend-{VERSION}.tgz"


if __name__ == "__main__":
    sys.exit(main())
