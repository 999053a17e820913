"""The fictional city of Aldermere and its countryside: postcodes, streets, practices.

The postcode area ZQ has the form that Royal Mail's rules allow but is not in use, LSOA codes lie
above the last one that was issued, and practice codes in a block that is not in use, so no real
place is named. Each neighbourhood (LSOA) has a decile of deprivation, 1 the most deprived tenth.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.random import Generator

from commonweal.demo.hospital.communities import COMMUNITIES, KEYS, numbers
from commonweal.demo.hospital.draw import Floats, Ints, pick_in_group

AREA = "ZQ"
TRUST = "Meadowbank Hospitals NHS Trust (fictional)"

# town, number of outward codes, share of people, usual decile of deprivation
TOWNS: tuple[tuple[str, int, float, float], ...] = (
    ("Aldermere", 16, 0.56, 4.0),
    ("Nethercote", 4, 0.11, 3.2),
    ("Kingsholme", 3, 0.09, 6.0),
    ("Wexbridge", 3, 0.07, 6.8),
    ("Stoke Marlow", 2, 0.04, 7.6),
    ("Harrowdale", 2, 0.035, 5.2),
    ("Penny Ashby", 2, 0.03, 8.4),
    ("Thornley-on-Wend", 2, 0.025, 7.2),
    ("St Osmund's", 2, 0.02, 8.8),
    ("Great Fennimore", 2, 0.01, 7.0),
    ("Little Sallow", 1, 0.006, 7.8),
    ("Upper Dunmoor", 1, 0.004, 6.6),
)
STREETS = """High Street|Station Road|Church Lane|Mill Lane|Victoria Road|Albert Street|Park Avenue
    |Green Lane|The Crescent|King Street|Queen's Road|Manor Road|School Lane|North Street
    |Chapel Street|Windmill Hill|Orchard Close|Meadow View|Canal Street|Foundry Row|Bishop's Walk
    |Priory Gardens|Castle Street|Larch Drive|Rowan Close|Hawthorn Road|Cherry Tree Avenue
    |St Mary's Road|St John's Street|Elm Grove|Oakfield Road|Riverside|Weavers Court|Tanner's Yard
    |Market Place|Corporation Street|Gladstone Terrace|Alma Street|Inkerman Road|Jubilee Close
    |Coronation Avenue|Attlee Road|Bevan Way|Nightingale Close|Seacole Drive|Jenner Road
    |Lister Avenue|Fleming Way|Brunel Road|Telford Close|Wordsworth Avenue|Brontë Close
    |Austen Way|Dickens Road|Hardy Close|Tennyson Street|Byron Road|Kestrel Rise|Skylark Way
    |Lapwing Close|Badger's Mead|Foxglove Way|Bluebell Wood|Primrose Hill|Sycamore Drive
    |Willow Bank|Back Lane|Sheep Street|Water Lane|The Green|The Paddocks|Quarry Road|Moor End
    |Limekiln Lane|Ridgeway|Lower Road|Upper Street|West View|East Parade|South Terrace|Union Street
    |Wharf Road|Bridge Street|Ferry Lane|Abbey Fields|Cloister Court|Minster Row|Vicarage Lane
    |Glebe Field|Tithe Barn Lane|Smithy Croft|Long Acre|Broad Oak Drive|Ashgrove|Highfield Road
    |Springfield Avenue|Brookside|Fairview|Hillcrest|Sunnybank|Woodlands"""

_INWARD_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
_UNITS = 9 * len(_INWARD_LETTERS) ** 2
_LSOAS = 420
_FIRST_LSOA = 990_001
_PRACTICES = 46
# Communities live together more than by chance: how many outward codes, and how strongly.
_GATHERED = {
    "pakistani": (4, 14.0), "bangladeshi": (2, 22.0), "indian": (5, 6.0), "sikh": (3, 12.0),
    "somali": (2, 20.0), "jewish": (2, 24.0), "caribbean": (4, 8.0), "nigerian": (5, 5.0),
    "polish": (6, 3.0), "romanian": (4, 6.0), "chinese": (5, 4.0), "afghan": (3, 9.0),
    "arabic": (4, 6.0), "turkish": (3, 7.0), "ghanaian": (5, 5.0), "traveller": (3, 12.0),
}  # fmt: skip


class Places:
    """The map: made once for a hospital, the same for every chunk of patients."""

    def __init__(self, rng: Generator, patients: int) -> None:
        self.streets = [street.strip() for street in STREETS.split("|")]
        self.towns = [name for name, _, _, _ in TOWNS]
        self.outward_town = np.repeat(np.arange(len(TOWNS)), [count for _, count, _, _ in TOWNS])
        outwards = len(self.outward_town)
        share = np.concatenate([part * _falling(count, rng) for _, count, part, _ in TOWNS])
        self.outward_share = share / share.sum()
        self._neighbourhoods(rng)
        self.units_each = int(np.clip(patients / 1.9 / _LSOAS / 4, 5, _UNITS // self._most_lsoas))
        self._unit_order = np.array([rng.permutation(_UNITS) for _ in range(outwards)])
        self._unit_street = rng.integers(0, len(self.streets), size=(outwards, _UNITS))
        self.community_outward = self._gathering(rng)
        self.practice_town = rng.integers(0, outwards, size=_PRACTICES)
        distance = np.abs(
            np.arange(outwards)[:, None] - np.arange(_PRACTICES)[None, :] * outwards / _PRACTICES
        )
        self._practice_weights = np.exp(-distance * 1.3) * rng.lognormal(0, 0.5, _PRACTICES)
        self.practices = [f"Y9{4000 + 17 * index:04d}" for index in range(_PRACTICES)]

    def _neighbourhoods(self, rng: Generator) -> None:
        """Share the LSOAs out among the outward codes and give each a decile."""
        counts = np.maximum(2, np.round(self.outward_share * _LSOAS)).astype(np.int64)
        self._most_lsoas = int(counts.max())
        self.lsoa_first = np.cumsum(counts) - counts
        self.lsoa_count = counts
        outward = np.repeat(np.arange(len(counts)), counts)
        usual = np.array([decile for _, _, _, decile in TOWNS])[self.outward_town]
        usual = usual + rng.normal(0, 1.5, len(usual))
        decile = np.clip(np.round(usual[outward] + rng.normal(0, 1.6, len(outward))), 1, 10)
        self.lsoa_decile = decile.astype(np.int64)
        self.lsoas = [f"E01{_FIRST_LSOA + index:06d}" for index in range(len(outward))]

    def _gathering(self, rng: Generator) -> Floats:
        """Communities x outward codes: where each community's households are."""
        outwards = len(self.outward_share)
        table = np.tile(self.outward_share, (len(COMMUNITIES), 1))
        rural = np.arange(outwards) >= 20
        for row, key in enumerate(KEYS):
            if key in _GATHERED:
                count, strength = _GATHERED[key]
                table[row, rng.choice(20, size=count, replace=False)] *= strength
                table[row, rural] *= 0.2
        minority = (numbers("share")[:, None] * table * (table > 0))[6:22].sum(axis=0)
        table[:3] *= np.clip(1.25 - 2.2 * minority / (minority + self.outward_share), 0.15, 1.25)
        return np.asarray(table / table.sum(axis=1, keepdims=True), dtype=np.float64)

    def settle(self, rng: Generator, community: Ints) -> dict[str, Ints]:
        """A home for each household: outward, lsoa, unit, street, house, flat, practice."""
        size = len(community)
        outward = pick_in_group(rng, self.community_outward, community)
        local = (rng.random(size) ** 1.3 * self.lsoa_count[outward]).astype(np.int64)
        # A few long streets and blocks of flats hold many more households than most postcodes.
        unit = local * self.units_each + (rng.random(size) ** 1.7 * self.units_each).astype(
            np.int64
        )
        return {
            "outward": outward,
            "lsoa": self.lsoa_first[outward] + local,
            "unit": self._unit_order[outward, unit],
            "street": self._unit_street[outward, unit],
            "house": 1 + (rng.random(size) ** 1.4 * 60).astype(np.int64),
            "flat": np.where(rng.random(size) < 0.13, rng.integers(1, 13, size), 0),
            "practice": pick_in_group(rng, self._practice_weights, outward),
        }

    def postcodes(self, outward: Ints, unit: Ints) -> tuple[Ints, pa.Array]:
        """Index of each row's postcode, and the postcodes that the index names."""
        distinct, index = np.unique(outward * _UNITS + unit, return_inverse=True)
        area, place = distinct // _UNITS, distinct % _UNITS
        width = len(_INWARD_LETTERS)
        names = [
            f"{AREA}{a + 1} {p // width**2 + 1}{_INWARD_LETTERS[p // width % width]}"
            f"{_INWARD_LETTERS[p % width]}"
            for a, p in zip(area.tolist(), place.tolist(), strict=True)
        ]
        return index.astype(np.int64), pa.array(names, pa.string())


def _falling(count: int, rng: Generator) -> Floats:
    """Shares of a town's outward codes, uneven as towns are."""
    weights = rng.lognormal(0, 0.45, count)
    return np.asarray(weights / weights.sum(), dtype=np.float64)
