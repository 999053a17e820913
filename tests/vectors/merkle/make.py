"""Makes the Merkle vectors beside this file: `python tests/vectors/merkle/make.py`.

The trees and inclusion proofs come from pymerkle, an implementation that is not ours, and the naive
definition of RFC 9162 must agree before anything is written; consistency proofs come from the naive
definition between pymerkle's roots. Negative vectors are made from good ones, each by one named
change. A vector: size(s), index, leaf, root(s), proof (hexadecimal), `desc`, `valid`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pymerkle import InmemoryTree

from tests.unit.ledger.support import naive_consistency, naive_path, naive_root

HERE = Path(__file__).parent
SIZES = (1, 2, 3, 4, 5, 6, 7, 8, 13, 21, 33)


def _tree(size: int) -> tuple[InmemoryTree, list[bytes]]:
    tree = InmemoryTree(algorithm="sha256")
    for number in range(size):
        tree.append_entry(b"vector %d" % number)
    return tree, [tree.get_leaf(number + 1) for number in range(size)]


def _flip(value: bytes) -> bytes:
    return value[:-1] + bytes([value[-1] ^ 1])


def _changed_proofs(proof: list[bytes], root: bytes) -> dict[str, list[bytes]]:
    changes = {
        "one hash too many at the end": [*proof, root],
        "one hash too many at the start": [root, *proof],
        "a short hash at the end": [*proof, b"\x00" * 31],
        "an empty hash at the end": [*proof, b""],
    }
    if proof:
        changes |= {
            "the last hash is missing": proof[:-1],
            "the first hash is missing": proof[1:],
            "no hashes": [],
            "a bit of the first hash is flipped": [_flip(proof[0]), *proof[1:]],
            "a bit of the last hash is flipped": [*proof[:-1], _flip(proof[-1])],
            "the last hash is doubled": [*proof, proof[-1]],
            "the first hash is cut short": [proof[0][:-1], *proof[1:]],
        }
    if len(proof) > 1:
        changes["the hashes are reversed"] = proof[::-1]
        changes["the first two hashes are swapped"] = [proof[1], proof[0], *proof[2:]]
    return changes


def inclusion() -> list[dict[str, Any]]:
    vectors: list[dict[str, Any]] = []

    def add(desc: str, valid: bool, index: int, size: int, leaf: bytes, root: bytes,
            proof: list[bytes]) -> None:  # fmt: skip
        vectors.append({
            "desc": desc, "valid": valid, "index": index, "size": size, "leaf": leaf.hex(),
            "root": root.hex(), "proof": [one.hex() for one in proof],
        })  # fmt: skip

    for size in SIZES:
        tree, leaves = _tree(size)
        root = tree.get_root(size)
        assert root == naive_root(leaves)
        for index in sorted({0, size // 2, size - 1}):
            proof = list(tree.prove_inclusion(index + 1, size).path[1:])
            assert proof == naive_path(index, leaves)
            name = f"leaf {index} of {size}"
            good = (index, size, leaves[index], root, proof)
            add(name, True, *good)
            for what, changed in _changed_proofs(proof, root).items():
                add(f"{name}: {what}", False, index, size, leaves[index], root, changed)
            add(f"{name}: other leaf", False, index, size, _flip(leaves[index]), root, proof)
            add(f"{name}: other root", False, index, size, leaves[index], _flip(root), proof)
            add(f"{name}: leaf and root swapped", size == 1, index, size, root, leaves[index],
                proof)  # fmt: skip
            add(f"{name}: index outside", False, size, size, leaves[index], root, proof)
            add(f"{name}: negative index", False, -1, size, leaves[index], root, proof)
            add(f"{name}: empty tree", False, index, 0, leaves[index], root, proof)
            for other in (index - 1, index + 1):
                if 0 <= other < size:
                    add(f"{name}: as leaf {other}", False, other, size, leaves[index], root, proof)
    return vectors


def consistency() -> list[dict[str, Any]]:
    vectors: list[dict[str, Any]] = []

    def add(desc: str, valid: bool, size1: int, size2: int, root1: bytes, root2: bytes,
            proof: list[bytes]) -> None:  # fmt: skip
        vectors.append({
            "desc": desc, "valid": valid, "size1": size1, "size2": size2, "root1": root1.hex(),
            "root2": root2.hex(), "proof": [one.hex() for one in proof],
        })  # fmt: skip

    for size2 in SIZES:
        tree, leaves = _tree(size2)
        root2 = tree.get_root(size2)
        add(f"0 to {size2}: from an empty tree", False, 0, size2, naive_root([]), root2, [])
        for size1 in sorted({1, 2, size2 // 2, size2 - 1, size2} - {0}):
            if size1 > size2:
                continue
            root1 = tree.get_root(size1)
            assert root1 == naive_root(leaves[:size1])
            proof = naive_consistency(size1, leaves)
            name = f"{size1} to {size2}"
            add(name, True, size1, size2, root1, root2, proof)
            for what, changed in _changed_proofs(proof, root2).items():
                add(f"{name}: {what}", False, size1, size2, root1, root2, changed)
            add(f"{name}: other first root", False, size1, size2, _flip(root1), root2, proof)
            add(f"{name}: other second root", False, size1, size2, root1, _flip(root2), proof)
            add(f"{name}: sizes swapped", size1 == size2, size2, size1, root1, root2, proof)
            if root1 != root2:
                add(f"{name}: roots swapped", False, size1, size2, root2, root1, proof)
            add(f"{name}: first size one more", False, size1 + 1, size2, root1, root2, proof)
            add(f"{name}: negative size", False, -size1, size2, root1, root2, proof)
    return vectors


def write() -> dict[str, str]:
    """File name to content."""
    return {
        name: "[\n" + ",\n".join(json.dumps(one, sort_keys=True) for one in made) + "\n]\n"
        for name, made in (("inclusion.json", inclusion()), ("consistency.json", consistency()))
    }


if __name__ == "__main__":
    for name, content in write().items():
        (HERE / name).write_text(content)
