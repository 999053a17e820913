"""Nothing that Commonweal ships with is under GPL, AGPL, SSPL or an unknown licence.

For each distribution that requirements/core.lock names, as it was really installed: what its
metadata say (SPDX expression, licence field, classifiers), what the licence texts inside it say,
what the heads of its source files say, and which shared libraries its wheel carries. A finding
passes only when it stands in a small table of reviewed exceptions, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, PathDistribution, distribution
from pathlib import Path, PurePosixPath

import pytest
from packaging.markers import Marker

CORE_LOCK = Path(__file__).resolve().parents[2] / "requirements" / "core.lock"

ALLOWED_SPDX = frozenset(
    {
        *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "ISC"),
        *("MIT", "MIT-0", "MIT-CMU", "PSF-2.0", "Unlicense", "Zlib"),
    }
)
# Older metadata name licences in words; only wordings that name one licence beyond doubt.
ALLOWED_NAMES = {
    "apache software license": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "bsd license": "BSD-3-Clause",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "python software foundation license": "PSF-2.0",
}

# Wordings of licences that we do not ship, wherever they are found in a licence text.
COPYLEFT = {
    "AGPL": re.compile(r"\bAGPL|GNU\s+Affero", re.IGNORECASE),
    "LGPL": re.compile(r"\bLGPL|GNU\s+(Lesser|Library)\s+General\s+Public", re.IGNORECASE),
    "GPL": re.compile(r"(?<![AL])\bGPL(?!-compat)|GNU\s+General\s+Public", re.IGNORECASE),
    "SSPL": re.compile(r"\bSSPL|Server\s+Side\s+Public", re.IGNORECASE),
    "restricted": re.compile(
        r"Commons\s+Clause|Business\s+Source\s+License|Elastic\s+License|CC[- ]BY[- ]N[CD]",
        re.IGNORECASE,
    ),
}
HEAD = re.compile(rb"SPDX-License-Identifier:[^\n]*GPL|terms of the GNU", re.IGNORECASE)
LICENCE_FILE = re.compile(r"licen[cs]e|copying|notice|third.?part", re.IGNORECASE)
NOT_TEXT = frozenset({".py", ".pyc", ".pyi", ".so", ".h", ".hpp", ".png"})
SOURCE = frozenset(
    {".py", ".pyi", ".pyx", ".pxd", ".pxi", ".h", ".hpp", ".c", ".cc", ".js", ".sql"}
)

# (distribution, licence file, wording): why it is not a duty on us. Read before adding.
REVIEWED_TEXTS = {
    ("duckdb", "duckdb/experimental/spark/LICENSE", "LGPL"): (
        "the licence of Apache Spark names the path of a Java file that is not in the wheel"
    ),
    ("django", "LICENSE.python", "GPL"): (
        "the history of the Python licence says which releases are GPL-compatible"
    ),
    ("et-xmlfile", "LICENCE.python", "GPL"): (
        "the history of the Python licence says which releases are GPL-compatible"
    ),
    ("fido2", "COPYING.MPLv2", "AGPL"): "the MPL names the licences it may be combined with",
    ("fido2", "COPYING.MPLv2", "LGPL"): "the MPL names the licences it may be combined with",
    ("fido2", "COPYING.MPLv2", "GPL"): "the MPL names the licences it may be combined with",
    ("numpy", "LICENSE.txt", "GPL"): (
        "libgfortran: GPL-3.0-or-later WITH GCC-exception-3.1, which lets any program link it"
    ),
    ("numpy", "LICENSE.txt", "AGPL"): (
        "section 13 in the text of the GPL that comes with libgfortran speaks of the AGPL"
    ),
    ("numpy", "LICENSE.txt", "LGPL"): (
        "libquadmath: LGPL-2.1-or-later, a separate shared library that a user can replace"
    ),
    ("pillow", "LICENSE", "GPL"): (
        "FreeType under its own licence, which is offered beside the GPL; the tools of XZ Utils, "
        "which are under it, are not in the wheel (liblzma is 0BSD)"
    ),
    ("pillow", "LICENSE", "LGPL"): "a function of XZ Utils' own tools, which are not in the wheel",
    ("pyarrow", "LICENSE.txt", "GPL"): (
        "the LLVM exception to Apache-2.0 speaks of combining with GPLv2; nothing is under it"
    ),
    ("scipy", "LICENSE.txt", "GPL"): (
        "libgfortran: GPL-3.0-or-later WITH GCC-exception-3.1, which lets any program link it"
    ),
    ("scipy", "LICENSE.txt", "AGPL"): (
        "section 13 in the text of the GPL that comes with libgfortran speaks of the AGPL"
    ),
    ("scipy", "LICENSE.txt", "LGPL"): (
        "libquadmath: LGPL-2.1-or-later, a separate shared library that a user can replace"
    ),
    ("typing-extensions", "LICENSE", "GPL"): (
        "the history of the Python licence says which releases are GPL-compatible"
    ),
}
# The licence field of these repeats the licence file, which is looked at above.
FIELDS_AS_FILES = frozenset({"scipy"})

# (distribution, what it declares): what the licence text inside it really says.
REVIEWED_METADATA = {
    ("defusedxml", "PSFL"): "PSF-2.0",
    ("django-csp", "BSD"): "BSD-3-Clause",
    ("fido2", "Mozilla Public License 2.0 (MPL 2.0)"): (
        "BSD-2-Clause; MPL-2.0 is only for the list of public suffixes, shipped unchanged"
    ),
    ("pyasn1-modules", "BSD"): "BSD-2-Clause",
    ("python-dateutil", "Dual License"): "Apache-2.0 or BSD-3-Clause",
    ("qrcode", "BSD"): "BSD-3-Clause",
    ("qrcode", "Other/Proprietary License"): "BSD-3-Clause, with the MIT licence of a part",
}
# Shared libraries that repaired wheels carry in <name>.libs, by the start of the file's name.
REVIEWED_LIBRARIES = {
    ("numpy", "libgfortran"): "GPL-3.0-or-later WITH GCC-exception-3.1",
    ("numpy", "libquadmath"): "LGPL-2.1-or-later, dynamically linked and replaceable",
    ("numpy", "libscipy_openblas64_"): "BSD-3-Clause",
    ("pillow", "libXau"): "MIT",
    ("pillow", "libavif"): "BSD-2-Clause, with libaom and dav1d under BSD-2-Clause",
    ("pillow", "libbrotlicommon"): "MIT",
    ("pillow", "libbrotlidec"): "MIT",
    ("pillow", "libfreetype"): "FTL (chosen of FTL or GPL-2.0)",
    ("pillow", "libharfbuzz"): "MIT",
    ("pillow", "libjpeg"): "IJG AND BSD-3-Clause AND Zlib (libjpeg-turbo)",
    ("pillow", "liblcms2"): "MIT",
    ("pillow", "liblzma"): "0BSD",
    ("pillow", "libopenjp2"): "BSD-2-Clause",
    ("pillow", "libpng16"): "libpng-2.0",
    ("pillow", "libsharpyuv"): "BSD-3-Clause",
    ("pillow", "libtiff"): "libtiff",
    ("pillow", "libwebp"): "BSD-3-Clause",
    ("pillow", "libwebpdemux"): "BSD-3-Clause",
    ("pillow", "libwebpmux"): "BSD-3-Clause",
    ("pillow", "libxcb"): "MIT",
    ("pillow", "libzstd"): "BSD-3-Clause (chosen of BSD-3-Clause or GPL-2.0)",
    ("scipy", "libgfortran"): "GPL-3.0-or-later WITH GCC-exception-3.1",
    ("scipy", "libquadmath"): "LGPL-2.1-or-later, dynamically linked and replaceable",
    ("scipy", "libscipy_openblas"): "BSD-3-Clause",
}


def locked_here(lock: Path) -> list[str]:
    """Return the names in a lock whose environment marker fits this machine."""
    pattern = re.compile(r"^([a-z0-9._-]+)==\S+(?: ; (.*?))? \\$", re.MULTILINE)
    lines = pattern.findall(lock.read_text("utf-8"))
    return [name for name, marker in lines if not marker or Marker(marker).evaluate()]


def expression_allowed(expression: str) -> bool:
    """Say whether an SPDX expression lets us choose allowed licences only."""
    tokens = re.findall(r"\(|\)|[^\s()]+", expression)
    try:
        verdict, rest = _either(tokens)
    except IndexError:
        return False
    return verdict and not rest


def _either(tokens: list[str]) -> tuple[bool, list[str]]:
    verdict, rest = _both(tokens)
    while rest and rest[0].upper() == "OR":
        other, rest = _both(rest[1:])
        verdict = verdict or other
    return verdict, rest


def _both(tokens: list[str]) -> tuple[bool, list[str]]:
    verdict, rest = _one(tokens)
    while rest and rest[0].upper() == "AND":
        other, rest = _one(rest[1:])
        verdict = verdict and other
    return verdict, rest


def _one(tokens: list[str]) -> tuple[bool, list[str]]:
    if tokens[0] == "(":
        verdict, rest = _either(tokens[1:])
        return verdict and rest[0] == ")", rest[1:]
    verdict, rest = tokens[0] in ALLOWED_SPDX, tokens[1:]
    if rest and rest[0].upper() == "WITH":
        # An exception only adds permissions, so an allowed licence stays allowed.
        return verdict and len(rest) > 1, rest[2:]
    return verdict, rest


def metadata_faults(dist: Distribution, name: str = "") -> Iterator[str]:
    """Yield what is wrong with the licence that a distribution declares."""
    meta = dist.metadata
    if meta.get("License-Expression"):
        if not expression_allowed(str(meta["License-Expression"])):
            yield f"declares {meta['License-Expression']}"
        return
    field = str(meta.get("License") or "").strip()
    one_line = field if "\n" not in field and len(field) <= 80 else ""
    classifiers = [str(c) for c in meta.get_all("Classifier") or []]
    named = [c.rpartition("::")[2].strip() for c in classifiers if c.startswith("License ::")]
    declared = [name for name in [one_line, *named] if name and name != "OSI Approved"]
    for said in declared:
        allowed = said.lower() in ALLOWED_NAMES or expression_allowed(said)
        if not (allowed or (name, said) in REVIEWED_METADATA):
            yield f"declares {said}"
    if field and not one_line and name not in FIELDS_AS_FILES:
        yield from (f"its licence field speaks of {word}" for word in wordings(field))
    if not declared:
        yield "declares no licence that can be recognised"


def wordings(text: str) -> list[str]:
    """Return the kinds of copyleft or restricted licence that a text speaks of."""
    return [kind for kind, pattern in COPYLEFT.items() if pattern.search(text)]


def content_faults(dist: Distribution, name: str) -> Iterator[tuple[str, tuple[str, ...] | None]]:
    """Yield each finding inside a distribution's files, with the exception that would cover it."""
    if not dist.files:
        yield "its list of files is missing, so nothing can be checked", None
        return
    for file in dist.files:
        path = Path(str(dist.locate_file(file)))
        if not path.is_file():
            continue
        pure = PurePosixPath(str(file))
        # Only dist-info keeps licences by a short name; elsewhere the whole path is named.
        shown = pure.name if ".dist-info" in pure.parts[0] else str(pure)
        in_licences = any(part.lower() in {"licenses", "license_files"} for part in pure.parts[:-1])
        if (LICENCE_FILE.search(pure.name) or in_licences) and pure.suffix not in NOT_TEXT:
            for word in wordings(path.read_text("utf-8", "replace")):
                yield f"{pure} speaks of {word}", (name, shown, word)
        elif pure.suffix in SOURCE:
            with path.open("rb") as source:
                if HEAD.search(source.read(4000)):
                    yield f"{pure} is under a GNU licence by its own head", None
        if any(part.endswith(".libs") for part in pure.parts[:-1]):
            stem = re.split(r"[-.]", pure.name)[0]
            yield f"carries the library {pure.name}", (name, stem)


def faults(dist: Distribution) -> list[str]:
    """Return every licence fault of a distribution that no reviewed exception covers."""
    name = re.sub(r"[-_.]+", "-", dist.metadata["Name"]).lower()
    found = list(metadata_faults(dist, name))
    for sentence, exception in content_faults(dist, name):
        if exception not in REVIEWED_TEXTS and exception not in REVIEWED_LIBRARIES:
            found.append(sentence)
    return [f"{name} {sentence}" for sentence in found]


# --- what we ship -----------------------------------------------------------------------------


def test_the_lock_names_what_the_product_needs() -> None:
    assert {"duckdb", "pyarrow", "cryptography", "joserfc"} <= set(locked_here(CORE_LOCK))


@pytest.mark.parametrize("name", locked_here(CORE_LOCK))
def test_every_shipped_distribution_has_an_allowed_licence(name: str) -> None:
    try:
        dist = distribution(name)
    except PackageNotFoundError:
        pytest.fail(f"{name} is in core.lock and not installed: run python3 dev.py lint")
    assert faults(dist) == []


def test_no_reviewed_exception_is_out_of_date() -> None:
    seen = set()
    for name in {key[0] for key in [*REVIEWED_TEXTS, *REVIEWED_LIBRARIES]}:
        seen |= {key for _, key in content_faults(distribution(name), name)}
    assert set(REVIEWED_TEXTS) | set(REVIEWED_LIBRARIES) <= seen


# --- the check itself refuses what it must ----------------------------------------------------

GPL_TEXT = "GNU GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007\n"


def plant(folder: Path, metadata: str, files: dict[str, str] | None = None) -> Distribution:
    """Write a distribution `planted` with these metadata lines and files, and return it."""
    info = folder / "planted-1.0.dist-info"
    info.mkdir()
    text = f"Metadata-Version: 2.4\nName: planted\nVersion: 1.0\n{metadata}\n"
    (info / "METADATA").write_text(text, "utf-8")
    record = [f"{info.name}/METADATA,,"]
    for name, content in (files or {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
        record.append(f"{name},,")
    (info / "RECORD").write_text("\n".join(record) + "\n", "utf-8")
    return PathDistribution(info)


@pytest.mark.parametrize(
    "metadata",
    [
        "License-Expression: MIT",
        "License-Expression: MIT OR GPL-3.0-only",
        "License-Expression: (GPL-2.0-only OR Apache-2.0) AND BSD-3-Clause",
        "License-Expression: Apache-2.0 WITH LLVM-exception",
        "License: MIT License",
        "License: BSD-3-Clause",
        "Classifier: License :: OSI Approved :: Apache Software License",
    ],
)
def test_an_allowed_licence_passes(tmp_path: Path, metadata: str) -> None:
    assert faults(plant(tmp_path, metadata)) == []


@pytest.mark.parametrize(
    "metadata",
    [
        "License-Expression: GPL-3.0-only",
        "License-Expression: MIT AND GPL-3.0-or-later",
        "License-Expression: MIT AND (AGPL-3.0-only OR SSPL-1.0)",
        "License-Expression: LGPL-2.1-or-later",
        "License-Expression: MIT OR",
        "License-Expression: (MIT",
        "License-Expression: MIT)",
        "License-Expression: MIT GPL-3.0-only",
        "License-Expression: Apache-2.0 WITH",
        "License-Expression: LicenseRef-Proprietary",
        "License: AGPLv3",
        "License: Proprietary",
        "License: GNU General Public License v3 (GPLv3)",
        "Classifier: License :: OSI Approved :: GNU Affero General Public License v3",
        "License: MIT\nClassifier: License :: OSI Approved :: GNU General Public License (GPL)",
        "Classifier: License :: OSI Approved",
        "License: UNKNOWN",
        "Summary: says nothing of a licence",
    ],
)
def test_a_refused_or_unknown_licence_is_found(tmp_path: Path, metadata: str) -> None:
    assert faults(plant(tmp_path, metadata))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("planted-1.0.dist-info/licenses/COPYING", GPL_TEXT),
        ("planted-1.0.dist-info/licenses/deep/AUTHORS", "parts are under the AGPL"),
        ("planted/vendor/LICENSE.txt", GPL_TEXT),
        ("planted/THIRD-PARTY.md", "foo: Server Side Public License"),
        ("planted/licence.rst", "with the Commons Clause"),
        ("planted/NOTICE", "libfoo is LGPL-2.1"),
        ("planted/codec.py", "# SPDX-License-Identifier: GPL-2.0-only\n"),
        ("planted/include/codec.h", "/* redistribute it under the terms of the GNU */"),
        ("planted.libs/libreadline-1234abcd.so.8", "ELF"),
        ("numpy.libs/libreadline.so", "ELF"),
    ],
)
def test_what_lies_inside_counts_whatever_the_metadata_say(
    tmp_path: Path, name: str, content: str
) -> None:
    found = faults(plant(tmp_path, "License-Expression: MIT", {name: content}))
    assert len(found) == 1
    assert PurePosixPath(name).name in found[0]


def test_an_exception_covers_only_its_own_distribution(tmp_path: Path) -> None:
    text = {"planted-1.0.dist-info/licenses/LICENSE.txt": GPL_TEXT}
    assert faults(plant(tmp_path, "License-Expression: BSD-3-Clause", text))


def test_a_long_licence_field_is_read_as_a_licence_text(tmp_path: Path) -> None:
    field = "License: Some words\n        GNU GENERAL PUBLIC LICENSE\n        Version 3"
    found = faults(plant(tmp_path, field + "\nClassifier: License :: OSI Approved :: MIT License"))
    assert found == ["planted its licence field speaks of GPL"]


def test_a_distribution_without_a_file_list_is_refused(tmp_path: Path) -> None:
    dist = plant(tmp_path, "License-Expression: MIT")
    (tmp_path / "planted-1.0.dist-info" / "RECORD").unlink()
    assert faults(dist) == ["planted its list of files is missing, so nothing can be checked"]


def test_markers_of_the_lock_are_obeyed(tmp_path: Path) -> None:
    lock = tmp_path / "x.lock"
    lock.write_text(
        "here==1 \\\n    --hash=sha256:0\n"
        "elsewhere==1 ; sys_platform == 'win32' \\\n    --hash=sha256:0\n"
        "linux==1 ; sys_platform == 'linux' \\\n    --hash=sha256:0\n"
    )
    assert locked_here(lock) == ["here", "linux"]
