"""The one file that checks proofs: Ed25519 by its vectors, and a bare interpreter.

It is a second telling of the library, so the two are held together: on good proofs, on proofs with
one part changed, and on keys and policies of every kind.
"""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.foundation.canonical import canonical, parse_json
from commonweal.foundation.errors import CommonwealError
from commonweal.ledger import check_proof as alone
from commonweal.ledger.checkpoint import Checkpoint
from commonweal.ledger.cosigning import Cosigner
from commonweal.ledger.membership import (
    MembershipTree,
    blinded_leaf,
    label,
    padded,
)
from commonweal.ledger.merkle import leaf_hash
from commonweal.ledger.note import Note, SigningKey, VerifierKey
from commonweal.ledger.policy import WitnessPolicy
from commonweal.ledger.proving import check_proof, prove
from commonweal.ledger.quorum import check_proof_by
from commonweal.ledger.sequencer import sequence
from commonweal.ledger.tlogproof import TlogProof
from commonweal.vault.release.proving import PersonProof
from tests.unit.ledger import support

FILE = Path(alone.__file__)
NOW = support.START
SECONDS = int(NOW.timestamp())

# RFC 8032, 7.1: public key, message, signature of TEST 1, 2, 3 and SHA(abc).
RFC_8032 = [
    ("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     ("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b4"
     "6bd25bf5f0595bbe24655141438e7a100b")),
    ("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     ("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d"
     "8c387b2eaeb4302aeeb00d291612bb0c00")),
    ("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     ("6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6"
     "594a7c15e9716ed28dc027beceea1ec40a")),
    ("ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     ("ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feeb"
     "bd454d4423643ce80e2a9ac94fa54ca49f"),
     ("dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0"
     "303dca179c138ac17ad9bef1177331a704")),
]  # fmt: skip


@pytest.mark.parametrize(("public", "message", "signature"), RFC_8032)
def test_the_vectors_of_rfc_8032(public: str, message: str, signature: str) -> None:
    key, text, signed = (bytes.fromhex(part) for part in (public, message, signature))
    assert alone.ed25519_verifies(key, text, signed)
    for at in (0, 31, 32, 63):
        changed = bytearray(signed)
        changed[at] ^= 4
        assert not alone.ed25519_verifies(key, text, bytes(changed))
    assert not alone.ed25519_verifies(key, text + b"x", signed)
    # S + L is the same number modulo L: one spelling only.
    more = int.from_bytes(signed[32:], "little") + alone.ORDER
    assert not alone.ed25519_verifies(key, text, signed[:32] + more.to_bytes(32, "little"))


def _openssl(key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=80), st.data())
def test_signatures_hold_where_those_of_openssl_do(
    seed: bytes, message: bytes, data: st.DataObject
) -> None:
    signer = support.SoftwareSigner(seed)
    signed = bytearray(signer.sign(message))
    if data.draw(st.booleans()):
        signed[data.draw(st.integers(0, 63))] ^= 1 << data.draw(st.integers(0, 7))
    expected = _openssl(signer.verification_key, message, bytes(signed))
    assert alone.ed25519_verifies(signer.verification_key, message, bytes(signed)) is expected


def test_points_that_are_none_are_refused() -> None:
    for y in (2, alone.P, alone.P + 1, 2**255 - 1):
        key = y.to_bytes(32, "little")
        assert not alone.ed25519_verifies(key, b"", bytes(64))
    assert alone._recover_x(1, 1) is None  # x is 0 and has no other sign


# --- proofs -----------------------------------------------------------------------------------


class Case:
    """Proofs of a ledger with two witnesses, and what checks them."""

    def __init__(self, folder: Path) -> None:
        signer = support.new_signer(folder)
        witnesses = [
            Cosigner(f"w{number}.example", support.SoftwareSigner(bytes([number]) * 32))
            for number in (1, 2)
        ]
        release, key = "release-1", bytes(32)
        own = label(key, release, "9990000018")
        leaves = padded([blinded_leaf(own, b"\x07" * 32)])
        tree = MembershipTree(leaves)
        with support.new_ledger(folder) as ledger:
            ledger.append(support.issued())
            ledger.append(support.authorised())
            done = support.completed()
            fields = dict(done.fields) | {"membership_root": f"sha256:{tree.root.hex()}"}
            intent = ledger.append(type(done)(done.type, done.actor, fields))
            sequence(ledger)
            note = Note.parse(signer.sign(ledger, "public"))
            lines = "".join(one.cosign(note.text, SECONDS).line() for one in witnesses)
            index = (ledger.place(intent) or ("", 0))[1]
            self.entry = prove(ledger, "public", index, note=note.format() + lines)
            self.sealed = prove(ledger, "sealed", 0, note=signer.sign(ledger, "sealed"))
        membership = tree.prove(release, own, b"\x07" * 32)
        self.person = PersonProof(own, membership, self.entry).canonical().decode()
        self.key = str(signer.vkey)
        self.log = str(signer.vkey.named(f"{support.BASE}/public"))
        keys = [str(one.verifier) for one in witnesses]
        stranger = Cosigner("w3.example", support.SoftwareSigner(b"\x09" * 32)).verifier
        named = "".join(f"witness {n} {key}\n" for n, key in zip("ab", keys, strict=True))
        named += f"witness c {stranger}\n"
        self.policies = {
            count: f"log {self.log}\n{named}group g {count} a b c\nquorum g\n"
            for count in ("1", "2", "3", "any", "all")
        } | {"none": f"log {self.log}\nquorum none\n", "c": f"log {self.log}\n{named}quorum c\n"}


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return Case(tmp_path_factory.mktemp("case"))


def _library(content: bytes, keys: list[str], policy: str | None = None) -> object:
    rules = None if policy is None else WitnessPolicy.parse(policy)
    if content.startswith(b"c2sp.org/"):
        found = check_proof(content, keys) if rules is None else check_proof_by(
            content, rules, NOW, keys)  # fmt: skip
        return found.origin, found.index, found.size, found.entry, sorted(set(found.signers))
    proof = PersonProof.parse(content.strip())
    if rules is not None:
        check_proof_by(proof.ledger_proof, rules, NOW, keys)
        keys = [*keys, *map(str, rules.logs)]
    return proof.verify(list(keys))


def _alone(content: bytes, keys: list[str], policy: str | None = None) -> object:
    found = alone.check(content, keys, policy, SECONDS)
    if "release" in found:
        return found["release"]
    return tuple(found[k] for k in ("origin", "index", "size", "entry", "signers"))


def _verdict(check: Callable[..., object], *given: object) -> object:
    try:
        return check(*given)
    except (CommonwealError, alone.NotProved) as error:
        return error.code


def test_good_proofs_are_proved(case: Case) -> None:
    for text in (case.entry, case.sealed, case.person):
        found = _alone(text.encode(), [case.key])
        assert found == _library(text.encode(), [case.key])
    assert _alone(case.person.encode(), [case.key]) == "release-1"


@pytest.mark.parametrize("kind", ["entry", "person", "sealed"])
@pytest.mark.parametrize("policy", ["1", "2", "3", "any", "all", "none", "c"])
def test_policies_agree(case: Case, kind: str, policy: str) -> None:
    content, rules = getattr(case, kind).encode(), case.policies[policy]
    expected = _verdict(_library, content, [], rules)
    assert _verdict(_alone, content, [], rules) == expected
    enough = policy in ("1", "2", "any", "none") and kind != "sealed"
    assert (expected != "CW-LEDGER-QUORUM" and kind != "sealed") is enough


def test_a_witness_from_the_future_does_not_count(case: Case) -> None:
    content, rules = case.entry.encode(), case.policies["2"]
    assert alone.check(content, [], rules, SECONDS - 300)
    with pytest.raises(alone.NotProved, match="CW-LEDGER-QUORUM"):
        alone.check(content, [], rules, SECONDS - 301)


@pytest.mark.parametrize("policy", ["", "\n", "# none\n", "log LOG\n"])
@pytest.mark.parametrize("kind", ["entry", "person", "sealed"])
def test_a_policy_that_says_nothing_is_no_policy_at_all(case: Case, kind: str, policy: str) -> None:
    """An empty file beside a good key: whoever emptied it has not taken the witnesses away."""
    rules, content = policy.replace("LOG", case.log), getattr(case, kind).encode()
    for check in (_alone, _library):
        assert _verdict(check, content, [case.key], rules) == "CW-LEDGER-POLICY-INVALID"


KEYS = ("rubbish", "a+00000000+", "", "log.example+12345678+AQ==")


@pytest.mark.parametrize("key", KEYS)
def test_broken_keys_agree(case: Case, key: str) -> None:
    assert _verdict(_alone, case.entry.encode(), [key]) == "CW-LEDGER-NOTE-INVALID"
    assert _verdict(_library, case.entry.encode(), [key]) == "CW-LEDGER-NOTE-INVALID"


def _agree(content: bytes, case: Case, *given: object) -> object:
    found, expected = (_verdict(check, content, *given) for check in (_alone, _library))
    # Which of several faults is named first may differ; whether it is proved may not.
    if not isinstance(expected, str) or not isinstance(found, str):
        assert found == expected
    else:
        assert found.startswith("CW-") is expected.startswith("CW-")
    return found


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_changed_proofs_agree(case: Case, data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from([case.entry, case.person, case.sealed])).encode())
    for _ in range(data.draw(st.integers(1, 2))):
        at = data.draw(st.integers(0, len(content) - 1))
        match data.draw(st.sampled_from(["flip", "delete", "insert", "cut", "swap"])):
            case "flip":
                content[at] ^= 1 << data.draw(st.integers(0, 7))
            case "delete":
                del content[at]
            case "insert":
                content[at:at] = data.draw(
                    st.sampled_from([b"\n", b" ", b"A", b"=", b"0", b"\xc2"])
                )
            case "cut":
                del content[max(at, 1) :]
            case "swap":
                content[:] = content[at:] + content[:at]
    rules = data.draw(st.sampled_from([None, case.policies["2"], case.policies["3"]]))
    _agree(bytes(content), case, [case.key], rules)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_changed_lines_agree(case: Case, data: st.DataObject) -> None:
    lines = case.entry.splitlines(keepends=True)
    at, to = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    match data.draw(st.sampled_from(["drop", "double", "move"])):
        case "drop":
            del lines[at]
        case "double":
            lines.insert(to, lines[at])
        case "move":
            lines.insert(to, lines.pop(at))
    _agree("".join(lines).encode(), case, [case.key], case.policies["2"])


FIELDS = {
    "label": ["00" * 32, "00" * 31, "", 7, None, "zz"],
    "format": ["commonweal/person-proof/2", 1],
    "ledger_proof": ["", 7, "\ud800", "c2sp.org/tlog-proof@v1\n"],
    "membership": [None, {}, []],
    "membership.index": [-1, 4096, 2**53, "0", True, 1.5, 10**400],
    "membership.size": [0, 1, 4095, 8192, None, 4096.0],
    "membership.nonce": ["00" * 32, "0" * 63, "0G" * 32, 1],
    "membership.path": [[], None, ["00" * 32] * 12, ["00" * 32] * 64, [1]],
    "membership.root": ["sha256:" + "00" * 32, "", 3],
    "membership.release": ["release-2", "", 1],
    "membership.format": ["commonweal/membership/2"],
    "membership.label_scheme": ["vrf"],
    "membership.more": [1],
    "more": [1],
}


@pytest.mark.parametrize(("field", "value"), [(f, v) for f in FIELDS for v in FIELDS[f]])
def test_changed_fields_of_a_persons_proof_agree(case: Case, field: str, value: object) -> None:
    proof = json.loads(case.person)
    place = proof["membership"] if field.startswith("membership.") else proof
    place[field.removeprefix("membership.")] = value
    content = json.dumps(proof).encode()
    found = _agree(content, case, [case.key])
    assert str(found).startswith("CW-") is not isinstance(value, float) or value == 1.5


def test_json_that_two_readers_could_read_differently_is_refused(case: Case) -> None:
    twice = case.person.replace('{"format"', '{"format":"x","format"', 1)
    spaced = json.dumps(parse_json(case.person, "x"), indent=1)
    assert str(_agree(twice.encode(), case, [case.key])).startswith("CW-")
    assert _agree(spaced.encode(), case, [case.key]) == "release-1"
    for around, good in (("\n", True), (" \t\r\x0b\x0c", True), ("\xa0", False), ("\x1c", False)):
        found = _agree((around + case.person + around).encode(), case, [case.key])
        assert (found == "release-1") is good
    assert str(_agree(b"\xef\xbb\xbf" + case.person.encode(), case, [case.key])).startswith("CW-")
    assert canonical(json.loads(case.person)).decode() == case.person


@pytest.mark.parametrize("root", [5, "", "sha256:", "sha256:" + "0g" * 32, "sha256:00"])
def test_a_log_that_signs_nonsense_gets_a_sentence(root: object) -> None:
    """A dishonest log has all the signatures it wants, and a person's proof that fits them."""
    own = label(bytes(32), "release-1", "9990000018")
    leaves = padded([blinded_leaf(own, bytes(32))])
    member = MembershipTree(leaves).prove("release-1", own, bytes(32))
    said = {"type": "release.completed", "release": "release-1", "membership_root": root}
    text, key = _of_one(support.BASE, {"v": 1, **said})
    plain = json.loads(PersonProof(own, member, text).canonical())
    plain["membership"]["root"] = root
    for check in (_alone, _library):
        assert str(_verdict(check, json.dumps(plain).encode(), [key])).startswith("CW-")


def _of_one(base: str, entry: dict[str, object]) -> tuple[str, str]:
    """The proof of the only entry of a log that signs what it likes, and its key."""
    signer = support.SoftwareSigner(b"\x11" * 32)
    body = canonical(entry)
    point = Checkpoint(f"{base}/public", 1, leaf_hash(body))
    note = SigningKey(point.origin, signer).sign(point.text()).format()
    key = VerifierKey(base, 1, signer.verification_key)
    return TlogProof(0, (), note, body).format(), str(key)


# --- as it is used ----------------------------------------------------------------------------


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the copied file with no site packages, no environment, in an empty folder."""
    command = [sys.executable, "-I", "-S", "-B", "check_proof.py", *arguments]
    return subprocess.run(
        command, cwd=folder, env={}, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture
def desk(tmp_path: Path, case: Case) -> Path:
    shutil.copy(FILE, tmp_path)
    for name in ("entry", "person", "sealed"):
        (tmp_path / name).write_text(getattr(case, name))
    (tmp_path / "policy").write_text(case.policies["2"])
    (tmp_path / "more").write_text(case.policies["3"])
    (tmp_path / "broken").write_text(case.entry.replace("index 2", "index 1"))
    return tmp_path


def test_a_bare_interpreter_checks_proofs(desk: Path, case: Case) -> None:
    told = _run(desk, "entry", "--key", case.key)
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.startswith("PROVED: entry 2 of 3 of the public log says: at 2026-03-02T09:0")
    told = _run(desk, "person", "--key", case.key)
    assert (told.returncode, told.stdout) == (0, "PROVED: the record is in release release-1.\n")
    told = _run(desk, "entry", "--key", case.key, "--json")
    assert json.loads(told.stdout)["entry"]["type"] == "release.completed"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("broken", "--key", "KEY"), 3, "NOT PROVED. CW-LEDGER-PROOF-INVALID: "),
        (("entry", "--key", "rubbish"), 3, "NOT PROVED. CW-LEDGER-NOTE-INVALID: "),
        (("missing", "--key", "KEY"), 3, "The file cannot be read"),
        (("entry",), 2, "usage: "),
        ((), 2, "usage: "),
        (("entry", "--policy", "more"), 3, "NOT PROVED. CW-LEDGER-QUORUM: "),
    ],
)
def test_a_bare_interpreter_says_what_is_wrong(
    desk: Path, case: Case, arguments: tuple[str, ...], code: int, said: str
) -> None:
    told = _run(desk, *(case.key if one == "KEY" else one for one in arguments))
    assert (told.returncode, told.stdout) == (code, "")
    assert told.stderr.startswith(said)
    assert "Traceback" not in told.stderr


def test_what_lies_in_files_is_read_as_it_lies_there(desk: Path, case: Case) -> None:
    """Line ends are not translated, and nothing lies unread behind a limit."""
    for name, content, code in (
        ("empty", b"", "CW-LEDGER-POLICY-INVALID"),
        ("crlf", case.policies["2"].replace("\n", "\r\n").encode(), "CW-LEDGER-POLICY-INVALID"),
        ("latin", case.policies["2"].encode() + b"# \xe9\n", "UnicodeDecodeError"),
        ("huge", case.policies["2"].encode() + b"#" * alone.MAX_FILE, "CW-LEDGER-NOTE-INVALID"),
    ):
        (desk / name).write_bytes(content)
        told = _run(desk, "entry", "--key", case.key, "--policy", name)
        assert (told.returncode, told.stdout) == (3, "")
        assert code in told.stderr
        assert told.stderr.count("\n") == 1
    (desk / "long").write_text(case.person + " " * alone.MAX_FILE + "rubbish")
    assert _run(desk, "long", "--key", case.key).returncode == 3


def test_a_screen_without_the_letters_of_a_name_gets_a_sentence(desk: Path) -> None:
    text, key = _of_one("h\xf4pital.example", {"v": 1, "type": "x"})
    (desk / "entry").write_text(text, "utf-8")
    command = [sys.executable, "-B", "check_proof.py", "entry", "--key", key]
    told = subprocess.run(
        command, cwd=desk, env={"PYTHONIOENCODING": "ascii"}, capture_output=True, check=False
    )
    assert (told.returncode, told.stderr) == (0, b"")
    assert b"h\\xf4pital.example" in told.stdout


def test_no_witness_of_the_test_is_ahead_of_todays_clock(desk: Path) -> None:
    # The policy is met by the machine's own clock, which the command uses.
    told = _run(desk, "entry", "--policy", "policy")
    assert told.returncode == 0, told.stderr
    assert "w1.example, w2.example" in told.stdout


def test_the_file_imports_the_standard_library_only_and_is_old_python() -> None:
    tree = ast.parse(FILE.read_text("utf-8"), feature_version=(3, 8))
    names = {
        alias.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert {str(name).split(".")[0] for name in names} <= sys.stdlib_module_names | {"__future__"}
    assert not any(isinstance(node, ast.Match) for node in ast.walk(tree))
