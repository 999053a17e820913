"""Makes `vectors.json`: what a reader with a key, and perhaps a chain of keys, must say of a proof.

    python -m tests.vectors.keychain.make

One log whose key was replaced twice: K1 signed alone, then K1 and K2, then K2 alone, then K2 and
K3. The vectors are ours; other implementations may use them. `code` is null where the proof must
hold. Keys of thieves are those of the log: after they were retired, in forged checkpoints and in
chains.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from commonweal.foundation.canonical import canonical
from commonweal.ledger.checkpoint import Checkpoint
from commonweal.ledger.keychain import FORMAT, make_chain
from commonweal.ledger.log_keys import add_log_key, retire_log_key, written_key
from commonweal.ledger.merkle import inclusion_proof, leaf_hash, root
from commonweal.ledger.note import ED25519, Note, SigningKey, VerifierKey
from commonweal.ledger.proving import prove
from commonweal.ledger.sequencer import sequence
from commonweal.ledger.signer import CheckpointSigner
from commonweal.ledger.tlogproof import TlogProof
from tests.unit.ledger import support
from tests.unit.ledger.support import BASE

FILE = Path(__file__).with_name("vectors.json")
SEEDS = {name: bytes([number]) * 32 for number, name in enumerate(("K1", "K2", "K3", "X"), 1)}
KEYS = {name: support.SoftwareSigner(seed) for name, seed in SEEDS.items()}


def vkey(name: str, key_name: str = BASE) -> VerifierKey:
    """The verification key called `name`, named by the base or by an origin."""
    return VerifierKey(key_name, ED25519, KEYS[name].verification_key)


class Life:
    """The log, and proofs of its first entry and chains at each stage of its life."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = support.new_clock()
        self.ledger = support.new_ledger(folder, self.clock)
        self.proofs: dict[str, str] = {}
        self.sealed: dict[str, str] = {}
        self.chains: dict[str, str] = {}
        self.ledger.append(support.issued())
        self.ledger.append(support.hint())
        self.stage("one", "K1")
        add_log_key(self.ledger, "key-2", KEYS["K2"].verification_key)
        self.stage("both", "K1", "K2")
        retire_log_key(self.ledger, "key-1", KEYS["K1"].verification_key)
        self.stage("two", "K2")
        add_log_key(self.ledger, "key-3", KEYS["K3"].verification_key)
        self.stage("three", "K2", "K3")

    def stage(self, name: str, *keys: str) -> None:
        """Let the log grow, sign it with these keys, and keep what a reader gets now."""
        self.clock.advance(timedelta(hours=1))
        self.ledger.append(support.hint(len(self.proofs) + 2))
        sequence(self.ledger)
        first, *also = (KEYS[key] for key in keys)
        known = [vkey(key) for key in KEYS]
        signer = CheckpointSigner(BASE, first, self.folder / "signer", also=also, known=known)
        signer.sign_all(self.ledger)
        self.proofs[name] = prove(self.ledger, "public", 0)
        self.sealed[name] = prove(self.ledger, "sealed", 0)
        with self.ledger.reading() as connection:
            self.chains[name] = make_chain(connection)


def forged(like: str, size: int, *keys: str, body: bytes | None = None) -> str:
    """A proof of another tree of `size` equal entries, signed with these keys of the log."""
    proof = TlogProof.parse(like)
    entry = body if body is not None else (proof.extra or b"")
    leaves = [leaf_hash(entry)] * size
    nodes = {(0, index): leaf for index, leaf in enumerate(leaves)}
    level = 0
    while (1 << level) < size:
        level += 1
        for index in range(size >> level):
            nodes[level, index] = root(leaves[index << level : (index + 1) << level])
    point = Checkpoint(proof.origin, size, root(leaves))
    notes = [SigningKey(point.origin, KEYS[key]).sign(point.text()) for key in keys]
    lines = tuple(line for note in notes for line in note.signatures)
    path = inclusion_proof(0, size, lambda level, index: nodes[level, index])
    return TlogProof(0, tuple(path), Note(point.text(), lines).format(), entry).format()


def chain_of(*proofs: str, form: str = FORMAT) -> str:
    """A chain of these proofs."""
    return canonical({"format": form, "proofs": list(proofs)}).decode() + "\n"


_UNTRUSTED, _BROKEN = "CW-LEDGER-SIGNATURE-INVALID", "CW-LEDGER-CHAIN-INVALID"


class _Vectors:
    """What was said so far."""

    def __init__(self) -> None:
        self.found: list[dict[str, Any]] = []

    def say(self, desc: str, proof: str, keys: list[str], chain: str | None, code: str | None,
            name: str = BASE) -> None:  # fmt: skip
        """Add a vector: `keys` by name, and the `code` of the refusal, None for none."""
        written = [str(vkey(key, name)) for key in keys]
        one = {"desc": desc, "proof": proof, "keys": written, "chain": chain, "code": code}
        self.found.append(one)


def vectors(life: Life) -> list[dict[str, Any]]:
    """Every vector, in order."""
    made = _Vectors()
    _of_stages(life, made.say)
    _of_thieves(life, made.say)
    _of_chains(life, made.say)
    return made.found


def _of_stages(life: Life, say: Callable[..., None]) -> None:
    chain = life.chains["three"]
    one, both, two, three = (life.proofs[name] for name in ("one", "both", "two", "three"))
    for name, proof, good in (("one", one, ["K1"]), ("both", both, ["K1", "K2"]),
                              ("two", two, ["K2"]), ("three", three, ["K2", "K3"])):  # fmt: skip
        for key in ("K1", "K2", "K3", "X"):
            code = None if key in good else _UNTRUSTED
            say(f"stage {name} with {key} alone", proof, [key], None, code)
    # With the whole chain the first key leads to all that follow it.
    for name, proof in life.proofs.items():
        say(f"stage {name} with K1 and the chain", proof, ["K1"], chain, None)
    for name, proof in (("both", both), ("two", two), ("three", three)):
        say(f"stage {name} with K2 and the chain", proof, ["K2"], chain, None)
    say("stage three with K3 and the chain", three, ["K3"], chain, None)
    say("stage two with K3 and the chain: before its time", two, ["K3"], chain, _UNTRUSTED)
    say("stage one with K2 and the chain: before its time", one, ["K2"], chain, _UNTRUSTED)
    say("all three keys and the chain", three, ["K1", "K2", "K3"], chain, None)
    say("a stranger's key and the chain", three, ["X"], chain, _UNTRUSTED)
    origin = f"{BASE}/public"
    say("K1 named by the log's origin", three, ["K1"], chain, None, origin)
    say("K1 named by the sealed log", three, ["K1"], chain, _UNTRUSTED, f"{BASE}/sealed")
    say("a sealed entry with K1 and the chain", life.sealed["three"], ["K1"], chain, None)
    say("an old sealed entry with K1 and the chain", life.sealed["one"], ["K1"], chain, _UNTRUSTED)
    say("a sealed entry with a key of the public log", life.sealed["three"], ["K1"], chain,
        _UNTRUSTED, origin)  # fmt: skip
    say("an early chain does not lead far enough", three, ["K1"], life.chains["one"], _UNTRUSTED)
    say("the chain of stage two leads to K2", three, ["K1"], life.chains["two"], None)


def _of_thieves(life: Life, say: Callable[..., None]) -> None:
    chain, one, two = life.chains["three"], life.proofs["one"], life.proofs["two"]
    # A retired key in the hands of a thief.
    say("K1, stolen: a tree larger than K1 may sign", forged(two, 9, "K1"), ["K1"], chain,
        _UNTRUSTED)  # fmt: skip
    say("the same, and nobody looks at the chain", forged(two, 9, "K1"), ["K1"], None, None)
    say("K1, stolen, beside a trusted K2", forged(two, 9, "K1"), ["K1", "K2"], chain, _UNTRUSTED)
    say("K1, stolen, with a line by a stranger", forged(two, 9, "K1", "X"), ["K1", "K2"], chain,
        _UNTRUSTED)  # fmt: skip
    say("K2 before it was added", forged(two, 2, "K2"), ["K1"], chain, _UNTRUSTED)
    # What no chain can show, and witnesses do: another tree of a size at which K1 did sign.
    say("K1, stolen: a tree as small as K1 once signed (a limit)", forged(one, 2, "K1"), ["K1"],
        chain, None)  # fmt: skip


def _of_chains(life: Life, say: Callable[..., None]) -> None:
    links = json.loads(life.chains["three"])["proofs"]
    one, two, three = (life.proofs[name] for name in ("one", "two", "three"))
    # Chains that are none.
    say("a chain backwards", three, ["K1"], chain_of(*reversed(links)), _UNTRUSTED)
    say("a chain without its first link", three, ["K1"], chain_of(*links[1:]), _UNTRUSTED)
    say("a link twice", three, ["K1"], chain_of(links[0], *links), _BROKEN)
    say("a key retired twice", three, ["K1"], chain_of(*links[:2], links[1], *links[2:]), _BROKEN)
    say("a proof of something else as a link", three, ["K1"], chain_of(one), _BROKEN)
    added = TlogProof.parse(links[0]).extra or b""
    other = added.replace(
        json.loads(added)["public_key"].encode(),
        written_key(KEYS["X"].verification_key).encode(),
    )
    say("a stranger's link that adds X", forged(links[0], 9, "X", body=other), ["K1"],
        chain_of(forged(links[0], 9, "X", body=other)), _UNTRUSTED)  # fmt: skip
    retires = TlogProof.parse(links[1]).extra or b""
    say("a link by which K1 ends itself", two, ["K1", "K2"],
        chain_of(forged(links[1], 9, "K1", body=retires)), _UNTRUSTED)  # fmt: skip
    say("a link that retires the last key", two, ["K1"],
        chain_of(forged(links[1], 9, "K1", body=retires)), _BROKEN)  # fmt: skip
    changed = links[0].replace("index 2", "index 1")
    say("a link with another index", three, ["K1"], chain_of(changed, *links[1:]),
        "CW-LEDGER-PROOF-INVALID")  # fmt: skip
    for desc, text in (
        ("no JSON", "chain"), ("a list", "[]"), ("a number", "1"),
        ("another form", chain_of(*links, form="commonweal/key-chain/2")),
        ("proofs that are no text", '{"format":"commonweal/key-chain/1","proofs":[1]}'),
        ("one field more", '{"format":"commonweal/key-chain/1","more":1,"proofs":[]}'),
    ):  # fmt: skip
        say(f"a chain that is {desc}", three, ["K1"], text, _BROKEN)


def text() -> str:
    """The content of `vectors.json`."""
    with tempfile.TemporaryDirectory() as folder:
        life = Life(Path(folder))
        found = vectors(life)
        life.ledger.close()
    whole = {"made_by": "tests/vectors/keychain/make.py", "vectors": found}
    return json.dumps(whole, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
