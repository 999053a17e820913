"""The marks of SVG and HTML that may leave: closed lists of tags, attributes and what they may say.

Used by the parsers inside, to tell what is in a file, and again outside on what they told.
"""

from __future__ import annotations

import re

SVG_TAGS = frozenset({
    "svg", "g", "defs", "clipPath", "path", "rect", "circle", "ellipse", "line", "polyline",
    "polygon", "text", "tspan", "use", "title", "desc", "style", "linearGradient", "stop", "marker",
    "symbol",
})  # fmt: skip
HTML_TAGS = frozenset({
    "html", "head", "body", "title", "table", "thead", "tbody", "tfoot", "tr", "th", "td",
    "caption", "p", "div", "span", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl",
    "dt", "dd", "pre", "code", "b", "i", "em", "strong", "sub", "sup", "br", "hr", "colgroup",
    "col", "section", "main", "article",
})  # fmt: skip
HTML_EMPTY = frozenset({"br", "hr", "col"})
HTML_NEVER_CLOSED = HTML_EMPTY | {"img", "meta", "link", "base", "input", "area", "embed", "source",
                                  "track", "wbr", "param"}  # fmt: skip
_SVG_ATTRIBUTES = frozenset({
    "id", "class", "d", "x", "y", "x1", "y1", "x2", "y2", "dx", "dy", "cx", "cy", "r", "rx", "ry",
    "width", "height", "viewBox", "version", "points", "transform", "style", "fill", "stroke",
    "fill-opacity", "stroke-opacity", "stroke-width", "stroke-linecap", "stroke-linejoin",
    "stroke-dasharray", "stroke-dashoffset", "stroke-miterlimit", "fill-rule", "clip-rule",
    "clip-path", "href", "font-family", "font-size", "font-weight", "font-style", "text-anchor",
    "dominant-baseline", "opacity", "offset", "stop-color", "stop-opacity", "gradientUnits",
    "gradientTransform", "clipPathUnits", "markerWidth", "markerHeight", "refX", "refY", "orient",
    "preserveAspectRatio", "rotate", "lengthAdjust", "textLength", "color", "overflow", "type",
})  # fmt: skip
PLACED = frozenset({"d", "points", "x", "y", "cx", "cy", "x1", "y1", "x2", "y2", "transform", "r",
                    "rx", "ry", "width", "height"})  # fmt: skip
"""Attributes whose numbers say where something is."""
_HTML_ATTRIBUTES = frozenset({"colspan", "rowspan", "scope", "border", "class", "align", "valign",
                              "lang", "span"})  # fmt: skip
_LOCAL = re.compile(r"#[A-Za-z_][\w.:-]{0,80}", re.ASCII)
_LOCAL_URL = re.compile(r"url\(\s*['\"]?#[A-Za-z_][\w.:-]{0,80}['\"]?\s*\)", re.ASCII)
_PLAIN = re.compile(r"[^<>&\\]{0,200000}", re.DOTALL)
_LONGEST = 400
"""Characters of any attribute that is not a path, a list of points or a style."""
_LONG = frozenset({"d", "points", "style", "transform", "stroke-dasharray", "textLength"})
_RUNS = re.compile(r"@|\\|/\*|url|expression|javascript|vbscript|data:|import|behavior|binding|"
                   r"content|src|<", re.IGNORECASE)  # fmt: skip
_UNSEEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|"
    r"(?:^|;|\s)opacity\s*:\s*0*\.?0*(?:;|$)|font-size\s*:\s*0*\.?0*(?:px|pt|em|;|$)",
    re.IGNORECASE,
)


def css_runs(text: str) -> bool:
    """Whether a style does more than colours and lines: loads, runs or carries content."""
    return bool(_RUNS.search(_LOCAL_URL.sub("", text)))


def hides(name: str, value: str) -> bool:
    """Whether an attribute keeps something from being seen."""
    if name == "style":
        return bool(_UNSEEN.search(value))
    if name == "display":
        return value.strip() == "none"
    zero = re.fullmatch(r"\s*0*\.?0*\s*(?:px|pt|em|%)?\s*", value) is not None
    return name in ("opacity", "font-size") and zero


def attribute_fault(kind: str, name: str, value: str) -> str | None:
    """The note for an attribute that may not leave; None for one that may."""
    if name.lower().startswith("on"):
        return "runs"
    if not _PLAIN.fullmatch(value) or (len(value) > _LONGEST and name not in _LONG):
        return "unknown_mark"
    if name == "href":
        return None if kind == "svg" and _LOCAL.fullmatch(value) else "points_outside"
    if hides(name, value):
        return "unseen_mark"
    if name not in (_SVG_ATTRIBUTES if kind == "svg" else _HTML_ATTRIBUTES):
        return "unknown_mark"
    return "points_outside" if css_runs(value) and name not in ("d", "id", "class") else None


def tag_fault(kind: str, tag: str) -> str | None:
    """The note for an element that may not leave; None for one that may."""
    if tag in (SVG_TAGS if kind == "svg" else HTML_TAGS):
        return None
    if tag.lower() in ("script", "handler", "listener", "animate", "set", "animatemotion",
                       "animatetransform", "iframe", "object", "embed", "applet", "form", "input",
                       "button", "foreignobject", "template"):  # fmt: skip
        return "runs"
    if tag.lower() in ("image", "feimage", "img", "a", "link", "base", "video", "audio", "source",
                       "svg", "math", "meta", "picture", "canvas"):  # fmt: skip
        return "points_outside"
    return "unknown_mark"
