from __future__ import annotations

import contextlib
import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from commonweal.foundation.documents import MAX_BYTES, load_document, parse_yaml
from commonweal.foundation.errors import Fault

TEXT = st.text(st.characters(codec="ascii", exclude_categories=("Cc",)), max_size=12)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)


@given(PLAIN)
def test_plain_data_is_read_as_written(value):
    # Flow style with quoted text is JSON, which is YAML too: no anchors are ever needed.
    assert parse_yaml(json.dumps(value), "it") == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: yes\nb: no\nc: on\nd: off\n", {"a": "yes", "b": "no", "c": "on", "d": "off"}),
        ("a: true\nb: False\n", {"a": True, "b": False}),
        ("a: 2026-03-01\nb: 12:30:00\n", {"a": "2026-03-01", "b": "12:30:00"}),
        ("a: ~\nb: null\nc:\n", {"a": None, "b": None, "c": None}),
        (
            "[0123, 0x1F, 0o17, 1_000, 1:30.5, .5, 1., +1, -2, 0]",
            ["0123", "0x1F", "0o17", "1_000", "1:30.5", ".5", "1.", 1, -2, 0],
        ),
        ("[.nan, .inf, -.inf, NaN, Infinity]", [".nan", ".inf", "-.inf", "NaN", "Infinity"]),
        ("[1.5, -0.25, 1e3, 2.5E-3, 1.0]", [1.5, -0.25, 1000.0, 0.0025, 1.0]),
        (
            "[nullx, True1, 1 2, 12-3, '1', \"true\"]",
            ["nullx", "True1", "1 2", "12-3", "1", "true"],
        ),
        ("a: NO\nb: Y\n", {"a": "NO", "b": "Y"}),
        ("", None),
    ],
)
def test_dates_and_words_stay_text(text, value):
    assert parse_yaml(text, "it") == value


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\na: 2\n",
        "a: {b: 1, b: 2}\n",
        "a: &x 1\n",
        "a: &x [1]\nb: *x\n",
        "b: *x\n",
        "a: &x {k: 1}\nb:\n  <<: *x\n",
        "? [1, 2]\n: x\n",
        "1: x\n",
        "true: x\n",
        "~: x\n",
        "a: !!python/object/apply:os.system ['true']\n",
        "a: !!python/name:os.system\n",
        "a: !secret x\n",
        "a: !!binary aGk=\n",
        "a: !!set {x}\n",
        "--- 1\n--- 2\n",
        "a: [1, 2\n",
        "a: 'x\n",
        "\ta: 1\n",
        "a: \x00\n",
        "a: \x07\n",
        "%YAML 9.9\n--- 1\n",
        "[" * 5000,
        "- " * 3000 + "x",
        "a: " + "9" * 10_000,
        "a: 1e999\n",
        "a: ! x\n",
        "a: !!str 1\n",
    ],
    ids=lambda text: text[:16],
)
def test_what_could_be_read_in_two_ways_is_refused(text):
    with pytest.raises(Fault) as caught:
        parse_yaml(text, "The catalogue")
    assert caught.value.code == "CW-YAML-INVALID"
    assert caught.value.sentence.startswith("The catalogue is ")


def test_the_billion_laughs_are_refused_at_the_first_anchor():
    laughs = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20)
    )
    with pytest.raises(Fault, match=r"line 1: anchors are not allowed"):
        parse_yaml(laughs, "it")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nname: x\nname: y\n", "line 3: a key is named twice"),
        ("a: 1\n2: x\n", "line 2: a key is not text"),
        ("a: [1, 2\nsecret: x\n", "line 2"),
    ],
)
def test_the_sentence_names_the_line_and_never_the_text(text, said):
    with pytest.raises(Fault) as caught:
        parse_yaml(text, "it")
    assert said in caught.value.sentence
    assert "secret" not in caught.value.sentence


def test_size_and_encoding():
    with pytest.raises(Fault) as caught:
        parse_yaml(b"a: \xff", "it")
    assert caught.value.code == "CW-FILE-ENCODING"
    with pytest.raises(Fault) as caught:
        parse_yaml("x" * (MAX_BYTES + 1), "it")
    assert caught.value.code == "CW-FILE-TOO-LARGE"


@given(st.text(max_size=60) | st.binary(max_size=60))
def test_any_text_is_read_or_refused_by_us(text):
    with contextlib.suppress(Fault):
        parse_yaml(text, "it")


@given(st.text("ab:-?&*!|>'\"{}[],#%@ \n01.~", max_size=40))
def test_any_text_of_signs_is_read_or_refused_by_us(text):
    try:
        value = parse_yaml(text, "it")
    except Fault:
        return
    assert value == yaml.safe_load(yaml.safe_dump(value))


@pytest.mark.parametrize(
    ("name", "content", "value"),
    [
        ("a.json", b'{"a": "yes"}', {"a": "yes"}),
        ("a.JSON", b"[1]", [1]),
        ("a.yaml", b"a: yes\n", {"a": "yes"}),
        ("a.permit", b"a: 1\n", {"a": 1}),
    ],
)
def test_the_name_says_how_a_document_is_read(tmp_path, name, content, value):
    (tmp_path / name).write_bytes(content)
    assert load_document(tmp_path / name, "The draft") == value


def test_a_document_that_cannot_be_read_is_named_without_its_folder(tmp_path):
    (tmp_path / "big.json").write_bytes(b" " * (MAX_BYTES + 1))
    (tmp_path / "bad.json").write_bytes(b"a: 1")
    wanted = {
        "none.yaml": "CW-FILE-MISSING",
        "big.json": "CW-FILE-TOO-LARGE",
        "bad.json": "CW-JSON-INVALID",
        ".": "CW-FILE-MISSING",
    }
    for name, code in wanted.items():
        with pytest.raises(Fault) as caught:
            load_document(tmp_path / name, "The draft")
        assert caught.value.code == code
        assert caught.value.sentence.startswith("The draft (")
        assert str(tmp_path.parent) not in str(caught.value)
