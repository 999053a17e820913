"""One spelling for person keys: whoever is written differently is still the same person.

An objection that misses its person by a space or a capital letter would be passed over without a
word. So both sides are brought to one spelling: compatibility forms composed (NFKC: full-width
letters, no-break spaces), letter case folded, everything but letters, marks and digits left out,
leading zeros of numbers and the `.0` of a decimal dropped. Keys of visible ASCII, nearly all, are
spelled inside the engine (`ops.key_spelling`), the others here by Arrow; a test holds the two
together. Different keys may get one spelling: then an objection is about all of them.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine

ODD_KEYS = "choices_odd"
SPELLED = "spelled"
_NOT_VISIBLE = "[^ -~]"


def composed(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """The texts in Unicode form NFKC."""
    return pc.utf8_normalize(texts, form="NFKC")


def spelled(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """The texts in the one spelling; the empty text where there is no letter and no digit."""
    whole = r"^([^\p{L}\p{N}]*[0-9]+)\.0[^\p{L}\p{N}]*$"
    found = pc.replace_substring_regex(composed(texts), whole, r"\1")
    # Up and down again: letters with two small forms (sigma, the long s) become one.
    found = pc.replace_substring(pc.utf8_lower(pc.utf8_upper(found)), "ß", "ss")
    found = pc.replace_substring_regex(composed(found), r"[^\p{L}\p{M}\p{N}]", "")
    return pc.replace_substring_regex(found, "^0+([0-9]+)$", r"\1")


def with_spelling(engine: Engine, people: ops.Table) -> ops.Table:
    """`people` with the column `spelled`, made of the key `person`; missing where that is.

    Keeps the spelling of keys that are not visible ASCII under the name `ODD_KEYS`.
    """
    odd = ops.keep_where(people, ops.matches(people["person"], _NOT_VISIBLE))
    keys = engine.arrow(ops.distinct(ops.select(odd, ["person"])))["person"].cast(pa.string())
    table = engine.load(
        ODD_KEYS,
        pa.table({"key": keys, "other": spelled(keys)}),
        {"key": "text", "other": "text"},
    )
    joined = ops.left_join(people, table, {"person": "key"}, {"cw__other": "other"})
    spelling = ops.first_of(ops.key_spelling(joined["person"]), joined["cw__other"])
    own = {name: joined[name] for name in ops.columns(people)}
    return ops.project(joined, {**own, SPELLED: spelling})
