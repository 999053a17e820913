"""Pictures of figures that are published already: bars, lines and survival curves, as SVG.

Nothing here sees more than the texts that leave beside the picture, so a hidden figure cannot be in
its scale, a height or an order. Standard library alone: the toolkit of studies draws previews with
it in another environment than the product's.
"""

from commonweal.foundation.drawing.picture import (
    HIDDEN,
    Kind,
    Line,
    Panel,
    Picture,
    Point,
    of_curves,
    of_rows,
)
from commonweal.foundation.drawing.svg import drawn

__all__ = ["HIDDEN", "Kind", "Line", "Panel", "Picture", "Point", "drawn", "of_curves", "of_rows"]
