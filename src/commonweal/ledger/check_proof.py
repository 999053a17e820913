#!/usr/bin/env python3
"""Check a proof of the Commonweal ledger with nothing but this file and Python 3.8 or later.

    python3 check_proof.py FILE --key VKEY [--key VKEY]... [--json]
    python3 check_proof.py FILE --policy POLICY [--json]
    python3 check_proof.py FILE --key OLD-VKEY --chain CHAIN [--json]

FILE is a `.tlog-proof` (an entry stands on the log) or the proof that one person was given (their
record is in a release). VKEY is the ledger's key (`commonweal home show`). POLICY is a file in the
C2SP tlog-policy form: the log, its witnesses, and how many of them must have signed. CHAIN leads
from a key that was replaced to those after it (`commonweal ledger keys`); it proves itself.

It needs no network and imports nothing of Commonweal: it is a second telling of what the library
says, and tests hold the two together. Exit code 0: proved. 3: not proved, and why. 2: wrong usage.

Formats: C2SP tlog-proof, signed-note, tlog-checkpoint, tlog-cosignature, tlog-policy. Trees:
RFC 9162. Ed25519: RFC 8032, 5.1.7. Copy it, read it, keep it.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any, Dict, List, Tuple

Point = Tuple[int, int, int, int]
Key = Tuple[str, int, bytes]
Found = Dict[str, Any]

# --- Ed25519, verification only (RFC 8032, 5.1) -----------------------------------------------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)


def _recover_x(y: int, sign: int) -> int | None:
    """The x of the point with this y, or None if there is none (5.1.3)."""
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * SQRT_OF_MINUS_1 % P
    if (x * x - x2) % P or (x == 0 and sign):
        return None
    return P - x if x & 1 != sign else x


def _point(data: bytes) -> Point | None:
    """The point in 32 bytes, in extended coordinates, or None."""
    number = int.from_bytes(data, "little")
    y = number & ((1 << 255) - 1)
    x = _recover_x(y, number >> 255)
    return None if x is None else (x, y, 1, x * y % P)


def _add(one: Point, two: Point) -> Point:
    a = (one[1] - one[0]) * (two[1] - two[0]) % P
    b = (one[1] + one[0]) * (two[1] + two[0]) % P
    c = 2 * one[3] * two[3] * D % P
    d = 2 * one[2] * two[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _multiply(scalar: int, point: Point) -> Point:
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = _add(result, point)
        point = _add(point, point)
        scalar >>= 1
    return result


def _packed(point: Point) -> bytes:
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


_BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = (_recover_x(_BASE_Y, 0) or 0, _BASE_Y, 1, (_recover_x(_BASE_Y, 0) or 0) * _BASE_Y % P)


def ed25519_verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    """True if `signature` (64 bytes) over `message` is by the key `public` (32 bytes)."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key = _point(public)
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or scalar >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    challenge = int.from_bytes(digest, "little") % ORDER
    minus = (P - key[0], key[1], 1, P - key[3])
    # S B - k A must be R, in R's very bytes.
    return _packed(_add(_multiply(scalar, BASE), _multiply(challenge, minus))) == signature[:32]


# --- texts ------------------------------------------------------------------------------------

NOTE = "CW-LEDGER-NOTE-INVALID"
SIGNED = "CW-LEDGER-SIGNATURE-INVALID"
PROOF = "CW-LEDGER-PROOF-INVALID"
EVENT = "CW-LEDGER-EVENT-INVALID"
POLICY = "CW-LEDGER-POLICY-INVALID"
QUORUM = "CW-LEDGER-QUORUM"
MEMBER = "CW-LEDGER-MEMBERSHIP-INVALID"
CHAIN = "CW-LEDGER-CHAIN-INVALID"
MAX_CHARACTERS, MAX_LINES, MAX_HASHES, MAX_SIZE = 1000000, 64, 63, 2**63 - 1
MAX_FILE = 4 * 1024 * 1024
LOG_KEY, WITNESS_KEY = 1, 4
TOLERANCE_SECONDS = 300
MARK = "\u2014 "


class NotProved(Exception):
    """The proof does not hold. `code` is stable, `sentence` is for people."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(code + ": " + sentence)
        self.code = code
        self.sentence = sentence


def _decode64(text: str, what: str) -> bytes:
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        raise NotProved(NOTE, what + " is not base64.") from None
    if base64.b64encode(data).decode() != text:
        raise NotProved(NOTE, what + " is not base64 in its one spelling.")
    return data


def _number(text: str, what: str) -> int:
    if not re.fullmatch("0|[1-9][0-9]{0,18}", text) or int(text) > MAX_SIZE:
        raise NotProved(NOTE, what + " is not a number in its one spelling.")
    return int(text)


def _check_name(name: str) -> None:
    if not name or "+" in name or any(c.isspace() or ord(c) < 32 for c in name):
        raise NotProved(NOTE, "A key name is empty or holds a space or a plus.")


def _key_id(name: str, kind: int, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def read_key(text: str) -> Key:
    """(name, kind, 32 bytes) of a verification key: `name+keyid+base64`."""
    parts = text.split("+", 2)
    if len(parts) != 3 or len(parts[1]) != 8:
        raise NotProved(NOTE, "A key is written name+keyid+base64.")
    material = _decode64(parts[2], "The key")
    _check_name(parts[0])
    if len(material) != 33 or material[0] not in (LOG_KEY, WITNESS_KEY):
        raise NotProved(NOTE, "The key is not an Ed25519 key of a log or a witness.")
    if parts[1] != _key_id(parts[0], material[0], material[1:]).hex():
        raise NotProved(NOTE, "The id of the key does not belong to it.")
    return parts[0], material[0], material[1:]


def read_note(text: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """(body, [(name, key id, signature)]) of a signed note; nothing is believed yet."""
    if len(text) > MAX_CHARACTERS or any(ord(c) < 32 and c != "\n" for c in text):
        raise NotProved(NOTE, "The checkpoint is too long or holds a control character.")
    end = text.rfind("\n\n")
    if end < 0 or not text.endswith("\n"):
        raise NotProved(NOTE, "The checkpoint has no signatures.")
    body, tail = text[: end + 1], text[end + 2 :]
    lines = tail[:-1].split("\n") if tail else []
    if not body.strip("\n") or not 1 <= len(lines) <= MAX_LINES:
        raise NotProved(NOTE, "The checkpoint has no text, no signatures, or too many.")
    found = []
    for line in lines:
        name, space, rest = line[len(MARK) :].partition(" ")
        if not line.startswith(MARK) or not space:
            raise NotProved(NOTE, "A signature line does not have its form.")
        _check_name(name)
        data = _decode64(rest, "A signature")
        if len(data) <= 4:
            raise NotProved(NOTE, "A signature is too short.")
        found.append((name, data[:4], data[4:]))
    return body, found


def read_checkpoint(body: str) -> tuple[str, int, bytes]:
    """(origin, size, root) of a checkpoint's text."""
    lines = body.split("\n")
    if len(lines) < 4 or lines.pop() != "" or "" in lines:
        raise NotProved(NOTE, "A checkpoint has at least three lines.")
    _check_name(lines[0])
    root = _decode64(lines[2], "The root")
    if len(root) != 32:
        raise NotProved(NOTE, "The root does not have 32 bytes.")
    return lines[0], _number(lines[1], "The size"), root


def _verified(key: Key, body: str, data: bytes) -> int:
    """The time of a witness's signature (0 for a log's), or NotProved."""
    name, kind, public = key
    message, at = body.encode(), 0
    if kind == WITNESS_KEY:
        at, data = int.from_bytes(data[:8], "big"), data[8:]
        message = b"cosignature/v1\ntime %d\n" % at + message
    if at >= 1 << 63 or not ed25519_verifies(public, message, data):
        raise NotProved(SIGNED, "The signature by " + name + " does not hold.")
    return at


def check_note(text: str, keys: list[Key]) -> tuple[str, int, bytes, dict[Key, int]]:
    """(origin, size, root, {key: earliest time}) of a checkpoint that a trusted log signed."""
    body, signatures = read_note(text)
    origin, size, root = read_checkpoint(body)
    # A key named by the beginning of an origin stands for it: base for base/public.
    own = {
        (origin, LOG_KEY, public)
        for name, kind, public in keys
        if kind == LOG_KEY and (origin == name or origin.startswith(name + "/"))
    }
    known = {(key[0], _key_id(*key)): key for key in own | set(keys)}
    signed: dict[Key, int] = {}
    for name, id_, data in signatures:
        key = known.get((name, id_))
        if key is not None:
            at = _verified(key, body, data)
            signed[key] = min(at, signed.get(key, at))
    if not own & set(signed):
        raise NotProved(SIGNED, "No key that is trusted here signed this log.")
    return origin, size, root, signed


# --- the tree (RFC 9162, 2.1.3.2) -------------------------------------------------------------


def check_inclusion(index: int, size: int, data: bytes, path: list[bytes], root: bytes) -> None:
    """Refuse unless `data` is leaf `index` of the tree of `size` leaves under `root`."""
    result = hashlib.sha256(b"\x00" + data).digest()
    if index >= size:
        raise NotProved(PROOF, "The entry lies outside the tree.")
    node, last = index, size - 1
    for sibling in path:
        if last == 0:
            raise NotProved(PROOF, "The path is too long.")
        if node & 1 or node == last:
            result = hashlib.sha256(b"\x01" + sibling + result).digest()
            while not (node & 1 or node == 0):
                node, last = node >> 1, last >> 1
        else:
            result = hashlib.sha256(b"\x01" + result + sibling).digest()
        node, last = node >> 1, last >> 1
    if last != 0:
        raise NotProved(PROOF, "The path is too short.")
    if result != root:
        raise NotProved(PROOF, "The path leads to another root.")


# --- a whole log (C2SP tlog-tiles) --------------------------------------------------------------

WIDTH = 256


def tile_path(level: int, index: int, width: int) -> str:
    """Where a tile lies below the log's address; level -1: a bundle of entries."""
    digits = "%03d" % index
    digits = digits.rjust(-(-len(digits) // 3) * 3, "0")
    parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    place = "/".join(["x" + part for part in parts[:-1]] + parts[-1:])
    kind = "entries" if level < 0 else str(level)
    return "tile/" + kind + "/" + place + (".p/%d" % width if width < WIDTH else "")


def _peaks(nodes: list[bytes]) -> list[bytes]:
    """The roots of the complete trees that these nodes make, the largest first."""
    found = []
    while nodes:
        take = 1 << (len(nodes).bit_length() - 1)
        part, nodes = nodes[:take], nodes[take:]
        while len(part) > 1:
            part = [
                hashlib.sha256(b"\x01" + part[at] + part[at + 1]).digest()
                for at in range(0, len(part), 2)
            ]
        found.append(part[0])
    return found


def _bundle(content: bytes, width: int, path: str) -> list[bytes]:
    entries, at = [], 0
    for _ in range(width):
        end = at + 2 + int.from_bytes(content[at : at + 2], "big")
        if at + 2 > len(content) or end > len(content):
            raise NotProved(PROOF, "The file " + path + " ends too early.")
        entries.append(content[at + 2 : end])
        at = end
    if at != len(content):
        raise NotProved(PROOF, "The file " + path + " holds more than its entries.")
    return entries


def check_log(read: Callable[[str], bytes], keys: list[str], chain: str | None = None) -> Found:
    """Check every entry and every tile of a log below its signed checkpoint, or NotProved.

    `read` gives the bytes of a file by its path below the log's address.
    """
    try:
        note = read("checkpoint").decode("utf-8")
    except UnicodeDecodeError:
        raise NotProved(NOTE, "The checkpoint is not valid UTF-8.") from None
    trusted = [read_key(key) for key in keys]
    if chain is not None:
        trusted = Chain(chain, trusted).at(*read_checkpoint(read_note(note)[0])[:2])
    origin, size, root, signed = check_note(note, trusted)
    counted, level = size, 0
    below: list[bytes] = []
    peaks: list[bytes] = []
    while counted:
        above: list[bytes] = []
        last: list[bytes] = []
        for index in range(-(-counted // WIDTH)):
            width = min(WIDTH, counted - index * WIDTH)
            nodes = below[index * WIDTH : index * WIDTH + width]
            if level == 0:
                path = tile_path(-1, index, width)
                entries = _bundle(read(path), width, path)
                nodes = [hashlib.sha256(b"\x00" + _sound(one, origin)).digest() for one in entries]
            path = tile_path(level, index, width)
            if read(path) != b"".join(nodes):
                raise NotProved(PROOF, "The file " + path + " does not follow from the entries.")
            if width == WIDTH:
                above += _peaks(nodes)
            else:
                last = nodes
        peaks = _peaks(last) + peaks
        below, counted, level = above, len(above), level + 1
    result = peaks.pop() if peaks else hashlib.sha256(b"").digest()
    for peak in reversed(peaks):
        result = hashlib.sha256(b"\x01" + peak + result).digest()
    if result != root:
        raise NotProved(PROOF, "The entries do not lead to the root that was signed.")
    return {"origin": origin, "size": size, "signers": sorted({key[0] for key in signed})}


def _sound(data: bytes, origin: str) -> bytes:
    _read_entry(data, origin)
    return data


# --- policies (C2SP tlog-policy) --------------------------------------------------------------


class Policy:
    """Which logs, which witnesses, and how many."""

    def __init__(self, text: str) -> None:
        self.logs: list[Key] = []
        self.witnesses: dict[str, Key] = {}
        self.groups: dict[str, tuple[int, list[str]]] = {}
        self.quorum: str | None = None
        self._members: set[str] = set()
        if len(text) > 100000 or (text and not text.endswith("\n")):
            raise NotProved(POLICY, "The policy is too long or does not end in a newline.")
        if any((ord(c) < 32 and c not in "\t\n") or ord(c) == 127 for c in text):
            raise NotProved(POLICY, "The policy holds a control character.")
        for line in text.split("\n"):
            words = re.split("[ \t]+", line.strip(" \t"))
            if words != [""] and not words[0].startswith("#"):
                self._take(words[0], words[1:])
        if self.quorum is None:
            raise NotProved(POLICY, "The policy has no quorum line.")

    def _take(self, kind: str, rest: list[str]) -> None:
        if kind == "log" and len(rest) in (1, 2):
            self.logs.append(self._key(rest[0], LOG_KEY, self.logs))
        elif kind == "witness" and len(rest) in (2, 3):
            self._new(rest[0])
            self.witnesses[rest[0]] = self._key(rest[1], WITNESS_KEY, self.witnesses.values())
        elif kind == "group" and len(rest) >= 3:
            self._group(rest[0], rest[1], rest[2:])
        elif kind == "quorum" and len(rest) == 1 and self.quorum is None:
            if rest[0] != "none" and not self._known(rest[0]):
                raise NotProved(POLICY, "The quorum names something unknown.")
            self.quorum = rest[0]
        else:
            raise NotProved(POLICY, "A line is not a line of a policy.")

    def _group(self, name: str, count: str, members: list[str]) -> None:
        self._new(name)
        for member in members:
            if not self._known(member) or member in self._members:
                raise NotProved(POLICY, "A group has a member that is unknown or there twice.")
            self._members.add(member)
        numeric = int(count) if re.fullmatch("[1-9][0-9]{0,3}", count) else 0
        needed = {"any": 1, "all": len(members)}.get(count, numeric)
        if not 1 <= needed <= len(members):
            raise NotProved(POLICY, "A group asks for a number that it does not have.")
        self.groups[name] = (needed, members)

    def _known(self, name: str) -> bool:
        return name in self.witnesses or name in self.groups

    def _new(self, name: str) -> None:
        if name == "none" or self._known(name):
            raise NotProved(POLICY, "A name is there twice, or is none.")

    def _key(self, text: str, kind: int, others: Iterable[Key]) -> Key:
        try:
            key = read_key(text)
        except NotProved as error:
            raise NotProved(POLICY, error.sentence) from None
        if key[1] != kind or any(key[2] == other[2] for other in others):
            raise NotProved(POLICY, "A key is of the wrong type or there twice.")
        return key

    def keys(self) -> list[Key]:
        """All keys that the policy names."""
        return self.logs + list(self.witnesses.values())

    def require(self, signed: dict[Key, int], now: int) -> None:
        """Refuse unless enough witnesses signed, none of them in the future."""
        state = {
            name: key in signed and signed[key] <= now + TOLERANCE_SECONDS
            for name, key in self.witnesses.items()
        }
        for name, (needed, members) in self.groups.items():
            state[name] = sum(state[member] for member in members) >= needed
        if self.quorum != "none" and not state[str(self.quorum)]:
            names = ", ".join(sorted(key[0] for key in signed if key[1] == WITNESS_KEY)) or "none"
            raise NotProved(
                QUORUM, "Too few witnesses of the policy signed (signed: " + names + ")."
            )


# --- proofs -----------------------------------------------------------------------------------


def _read_entry(data: bytes, origin: str) -> tuple[dict[str, Any], str]:
    """The entry in its canonical form, on the log where it belongs."""
    try:
        entry = json.loads(
            data.decode("utf-8"), parse_float=_refuse, parse_constant=_refuse, parse_int=_exact
        )
        flat = isinstance(entry, dict) and all(type(v) in (str, int) for v in entry.values())
        written = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        sound = flat and written.encode("utf-8") == data
    except (ValueError, RecursionError):
        sound = False
    if not sound or type(entry.get("v")) is not int or entry["v"] != 1:
        raise NotProved(EVENT, "The entry is not in the form of an entry.")
    log = _log_of(origin)
    if ("actor" in entry) is not (log == "sealed"):
        raise NotProved(EVENT, "The entry stands on a log where it does not belong.")
    return entry, log


def _log_of(origin: str) -> str:
    found = re.fullmatch(r"[^\n]+/(public|sealed)(?:/([1-9][0-9]{0,8}))?", origin)
    if found is None or found[2] == "1":
        raise NotProved(NOTE, "The checkpoint belongs to no log of Commonweal.")
    return found[1]


def _refuse(_: str) -> Any:
    raise ValueError


def _read_proof(text: str) -> tuple[bytes, int, list[bytes], str]:
    """(entry bytes, index, path, checkpoint) of a tlog-proof file."""
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    if len(text) > MAX_CHARACTERS or not blank or lines.pop(0) != "c2sp.org/tlog-proof@v1":
        raise NotProved(NOTE, "The file is not a proof of the form tlog-proof@v1.")
    if len(lines) < 2 or not (lines[0].startswith("extra ") and lines[1].startswith("index ")):
        raise NotProved(NOTE, "The proof does not carry its entry, or has no index.")
    extra = _decode64(lines.pop(0)[6:], "The extra line")
    index = _number(lines.pop(0)[6:], "The index")
    path = [_decode64(line, "A hash") for line in lines]
    if len(path) > MAX_HASHES or any(len(one) != 32 for one in path):
        raise NotProved(NOTE, "The path has too many hashes, or one of a wrong length.")
    return extra, index, path, note


# --- chains of keys ---------------------------------------------------------------------------

Step = Tuple[str, str, int, int, bytes, List[bytes], bool, bytes]


class Chain:
    """Which keys of a log may sign at which size, by proofs that the log itself gives.

    `ledger.key_added` at index i makes a key good for more than i entries; `ledger.key_retired`
    ends one at i entries, and another must have signed that.
    """

    def __init__(self, text: str, keys: list[Key]) -> None:
        self.names = {key[0] for key in keys if key[1] == LOG_KEY}
        self.base = {key[2]: _base(key[0]) for key in keys if key[1] == LOG_KEY}
        self.sizes = {public: [0, MAX_SIZE] for public in self.base}
        self.last = -1
        steps = [_read_step(one) for one in _read_chain(text)]
        for number, step in enumerate(steps):
            if self._signed(step) or not any(
                later[6] and later[7] in self.sizes for later in steps[number:]
            ):
                self._take(step)

    def _signed(self, step: Step) -> bool:
        lines = {(name, id_) for name, id_, _ in read_note(step[0])[1]}
        keys = [(step[1], LOG_KEY, key[2]) for key in self._at(step[1], step[2])]
        return any((key[0], _key_id(*key)) in lines for key in keys)

    def _take(self, step: Step) -> None:
        note, origin, size, index, extra, path, adds, public = step
        root = check_note(note, self._at(origin, size))[2]
        check_inclusion(index, size, extra, path, root)
        if index <= self.last:
            raise NotProved(CHAIN, "The proofs of the chain are not in order.")
        self.last = index
        if adds and public not in self.sizes:
            self.base[public], self.sizes[public] = _base(origin), [index + 1, MAX_SIZE]
        elif not adds and public in self.sizes:
            left = [one for one, ends in self.sizes.items() if ends[1] == MAX_SIZE]
            if public not in left or len(left) < 2:
                raise NotProved(CHAIN, "The chain retires a key twice, or the last one.")
            self.sizes[public][1] = index
            check_note(note, self._at(origin, size))  # by another key than the one that goes

    def _at(self, origin: str, size: int) -> list[Key]:
        sealed = _log_of(origin) == "sealed"
        return [
            (self.base[public], LOG_KEY, public)
            for public, (begins, ends) in self.sizes.items()
            if (ends == MAX_SIZE if sealed else begins <= size <= ends)
        ]

    def at(self, origin: str, size: int) -> list[Key]:
        """The keys that may sign a checkpoint of `origin` with `size` entries."""
        speaks = any(origin == name or origin.startswith(name + "/") for name in self.names)
        return self._at(origin, size) if speaks else []


def _base(name: str) -> str:
    return re.sub(r"/(public|sealed)(/[1-9][0-9]{0,8})?\Z", "", name)


def _read_chain(text: str) -> list[str]:
    try:
        plain = _json(text)
    except NotProved:
        plain = None
    proofs = plain.get("proofs") if isinstance(plain, dict) else None
    if not isinstance(proofs, list) or set(plain) != {"format", "proofs"} or len(proofs) > 1000:
        raise NotProved(CHAIN, "The chain of keys does not have its form.")
    if plain["format"] != "commonweal/key-chain/1" or not all(type(p) is str for p in proofs):
        raise NotProved(CHAIN, "The chain of keys does not have its form.")
    return proofs


def _read_step(text: str) -> Step:
    extra, index, path, note = _read_proof(text)
    origin, size, _ = read_checkpoint(read_note(note)[0])
    entry, log = _read_entry(extra, origin)
    adds, key = entry.get("type") == "ledger.key_added", str(entry.get("public_key"))
    if log != "public" or not (adds or entry.get("type") == "ledger.key_retired"):
        raise NotProved(CHAIN, "A proof of the chain is not about a key of the public log.")
    if not re.fullmatch("[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", key):
        raise NotProved(EVENT, "An entry of the chain names no key.")
    return note, origin, size, index, extra, path, adds, base64.urlsafe_b64decode(key + "=")


# --- what a file proves -----------------------------------------------------------------------


def check_entry_proof(
    text: str, keys: list[Key], policy: Policy | None, now: int, chain: str | None = None
) -> Found:
    """What a tlog-proof file proves, or NotProved."""
    extra, index, path, note = _read_proof(text)
    trusted = list(keys) + (policy.keys() if policy else [])
    if chain is not None:
        at = Chain(chain, trusted).at(*read_checkpoint(read_note(note)[0])[:2])
        trusted = at + [key for key in trusted if key[1] != LOG_KEY]
    origin, size, root, signed = check_note(note, trusted)
    check_inclusion(index, size, extra, path, root)
    entry, log = _read_entry(extra, origin)
    if policy:
        policy.require(signed, now)
    return {
        "log": log,
        "origin": origin,
        "index": index,
        "size": size,
        "entry": entry,
        "signers": sorted({key[0] for key in signed}),
    }


def check_person_proof(
    text: str, keys: list[Key], policy: Policy | None, now: int, chain: str | None = None
) -> Found:
    """What one person's proof proves: the release their record is in; or NotProved."""
    proof = _json(text)
    form = {"format", "label", "membership", "ledger_proof"}
    if not isinstance(proof, dict) or set(proof) != form:
        raise NotProved(MEMBER, "The proof does not have the form of a person's proof.")
    member = proof["membership"]
    fields = {"format", "label_scheme", "release", "root", "index", "size", "nonce", "path"}
    if proof["format"] != "commonweal/person-proof/1" or not isinstance(member, dict):
        raise NotProved(MEMBER, "The proof does not have the form of a person's proof.")
    if set(member) != fields or member["format"] != "commonweal/membership/1":
        raise NotProved(MEMBER, "The membership proof does not have its form.")
    if member["label_scheme"] != "hmac-sha256-1" or not isinstance(proof["ledger_proof"], str):
        raise NotProved(MEMBER, "The membership proof is of an unknown scheme.")
    found = check_entry_proof(proof["ledger_proof"], keys, policy, now, chain)
    entry = found["entry"]
    if entry.get("type") != "release.completed" or entry.get("release") != member["release"]:
        raise NotProved(MEMBER, "The ledger's proof is not about this release.")
    root = str(entry.get("membership_root"))
    if root != member["root"] or not re.fullmatch("sha256:[0-9a-f]{64}", root):
        raise NotProved(MEMBER, "The proof is for another list than the one on the log.")
    index, size, path = _whole(member["index"]), _whole(member["size"]), member["path"]
    if size < 4096 or size & (size - 1) or not isinstance(path, list) or len(path) > MAX_HASHES:
        raise NotProved(MEMBER, "The place in the membership proof is not one of a list.")
    nonce, steps = _hex(member["nonce"]), [_hex(step) for step in path]
    label = _label(proof["label"])
    leaf = hashlib.sha256(b"commonweal/membership/leaf/1\x00" + label + nonce).digest()
    try:
        check_inclusion(index, size, leaf, steps, bytes.fromhex(root[len("sha256:") :]))
    except NotProved:
        raise NotProved(MEMBER, "The proof does not show that this person is in it.") from None
    return {"release": member["release"], "in_release": True, "proved_by": found}


def _json(text: str) -> Any:
    try:
        return json.loads(
            text, object_pairs_hook=_once, parse_constant=_refuse, parse_int=_exact,
            parse_float=_finite,
        )  # fmt: skip
    except (ValueError, RecursionError):
        raise NotProved(MEMBER, "The proof is not valid JSON.") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError
    return dict(pairs)


def _exact(text: str) -> int:
    if len(text) > 17 or abs(int(text)) >= 2**53:
        raise ValueError
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _whole(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**53:
        raise NotProved(MEMBER, "The place in the membership proof is not a number.")
    return value


def _hex(value: Any) -> bytes:
    if not isinstance(value, str) or not re.fullmatch("[0-9a-f]{64}", value):
        raise NotProved(MEMBER, "The membership proof holds a value that is not 64 digits.")
    return bytes.fromhex(value)


def _label(value: Any) -> bytes:
    try:
        label = bytes.fromhex(value)
    except (TypeError, ValueError):
        label = b""
    if len(label) != 32:
        raise NotProved(MEMBER, "The label in the proof does not have 32 bytes.")
    return label


def check(
    content: bytes,
    keys: list[str],
    policy: str | None = None,
    now: int = 0,
    chain: str | None = None,
) -> Found:
    """What a proof file proves, or NotProved; all as text, `now` in Unix seconds."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise NotProved(NOTE, "The file is not valid UTF-8.") from None
    try:
        trusted = [read_key(key) for key in keys]
        rules = None if policy is None else Policy(policy)
        if text.startswith("c2sp.org/"):
            return check_entry_proof(text, trusted, rules, now, chain)
        return check_person_proof(text.strip(" \t\n\r\x0b\x0c"), trusted, rules, now, chain)
    except UnicodeEncodeError:  # a lone surrogate out of JSON is no text
        raise NotProved(NOTE, "The file holds what is no text.") from None


# --- the command ------------------------------------------------------------------------------


def main(arguments: list[str] | None = None) -> int:
    """Check the named file and say what it proves; returns the exit code."""
    parser = argparse.ArgumentParser(prog="check_proof.py", description="Check a ledger's proof.")
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--key", action="append", default=[], metavar="VKEY")
    parser.add_argument("--policy", metavar="FILE")
    parser.add_argument("--chain", metavar="FILE")
    parser.add_argument("--json", action="store_true")
    for stream in (sys.stdout, sys.stderr):  # a screen that cannot show a name is told its letters
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    given = parser.parse_args(arguments)
    if not given.key and given.policy is None:
        parser.error("name the ledger's key with --key, or a policy with --policy")
    try:
        policy, chain = _text(given.policy), _text(given.chain)
        found = check(_content(given.file), given.key, policy, int(time.time()), chain)
    except NotProved as error:
        sys.stderr.write("NOT PROVED. %s\n" % error)
        return 3
    except (OSError, UnicodeDecodeError) as error:
        sys.stderr.write("The file cannot be read (%s).\n" % type(error).__name__)
        return 3
    sys.stdout.write(json.dumps(found, indent=2) + "\n" if given.json else _told(found))
    return 0


def _text(name: str | None) -> str | None:
    return None if name is None else _content(name).decode("utf-8")


def _content(name: str) -> bytes:
    with open(name, "rb") as stream:
        content = stream.read(MAX_FILE + 1)
    if len(content) > MAX_FILE:  # what lies behind that would never be read
        raise NotProved(NOTE, "A file is larger than any proof, policy or chain can be.")
    return content


def _told(found: Found) -> str:
    if "release" in found:
        return "PROVED: the record is in release %s.\n" % found["release"]
    said = ", ".join("%s %s" % pair for pair in sorted(found["entry"].items()))
    place = (found["index"], found["size"], found["log"], said, ", ".join(found["signers"]))
    return "PROVED: entry %d of %d of the %s log says: %s.\nSigned by %s.\n" % place


if __name__ == "__main__":
    sys.exit(main())
