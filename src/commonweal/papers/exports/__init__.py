"""The catalogue as others read it: HDR UK dataset metadata, Croissant, CSV.

Only what the catalogue's pages show is exported: names, roles, forms and figures of
`papers.figures`. Locations, reasons and a scan's exact counts never are (S22).
"""

from commonweal.papers.exports.croissant import croissant
from commonweal.papers.exports.described import Described
from commonweal.papers.exports.hdruk import hdruk
from commonweal.papers.exports.table import as_csv, rows_of

__all__ = ["Described", "as_csv", "croissant", "hdruk", "rows_of"]
