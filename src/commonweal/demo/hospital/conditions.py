"""Long-term conditions: who has them, what goes with what, and under which ICD-10 codes.

Each condition has a prevalence curve over age among people known to a hospital, multiplied by sex,
ethnic category, deprivation and the conditions drawn before it. That makes the clusters that real
records show: diabetes with hypertension, kidney and heart disease; COPD with smoking; frailty with
dementia; sickle cell disease by ancestry. Figures are round numbers of the right order, written
for a demonstration; they measure nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

AGES = (0.0, 5.0, 16.0, 25.0, 40.0, 55.0, 70.0, 85.0)
"""Ages at which a prevalence curve is given, in percent."""

Curve = tuple[float, float, float, float, float, float, float, float]


@dataclass(frozen=True)
class Condition:
    """One long-term condition."""

    key: str
    codes: str
    """ICD-10 codes, common ones first; one is drawn for each patient."""
    percent: Curve
    man: float = 1.0
    """Prevalence in men over that in women; 0 and above 50 mean one sex only."""
    ethnic: dict[str, float] = field(default_factory=dict)
    poor: float = 0.0
    """Growth of the log prevalence for each decile towards deprivation."""
    after: dict[str, float] = field(default_factory=dict)
    """Factors from conditions drawn before."""
    deadly: float = 1.0
    busy: float = 1.0
    """Factor on how often the person comes to hospital."""
    noted: float = 0.75
    """Share of stays in which the condition is coded."""
    fall_off: float = 1.0
    """How steeply the codes fall (Zipf exponent)."""


_ASIAN = {"H": 2.3, "J": 2.6, "K": 2.9, "L": 1.5, "F": 1.5}
_BLACK = {"M": 1.9, "N": 1.6, "P": 1.8, "D": 1.3, "E": 1.2}
_WOMEN = 0.0
_MEN = 99.0

CONDITIONS: tuple[Condition, ...] = (
    Condition("smoking", "Z72.0 F17.2 F17.1", (0, 0, 3, 21, 20, 18, 11, 4), 1.25,
              {"H": 0.4, "J": 0.8, "N": 0.4, "C": 1.4}, 0.11, {}, 1.35, 1.1, 0.45),
    Condition("obesity", "E66.9 E66.0 E66.8", (0.2, 2, 6, 12, 20, 22, 15, 6), 0.85, {"R": 0.4},
              0.06, {}, 1.1, 1.1, 0.3),
    Condition("alcohol", "F10.2 F10.1 K70.3 K70.9 F10.3", (0, 0, 0.3, 1.6, 3.4, 3.6, 2.0, 0.6),
              2.2, {"J": 0.1, "K": 0.1, "H": 0.7, "N": 0.3}, 0.10, {"smoking": 2.2}, 2.4, 1.7,
              0.8),
    Condition("drugs", "F11.2 F19.2 F14.1 F12.1", (0, 0, 0.3, 1.2, 1.6, 0.8, 0.1, 0), 2.3,
              {"J": 0.5, "H": 0.4}, 0.20, {"smoking": 3.5, "alcohol": 2.5}, 2.6, 1.8, 0.8),
    Condition("diabetes1", "E10.9 E10.1 E10.6 E10.3", (0.05, 0.3, 0.6, 0.7, 0.7, 0.6, 0.5, 0.3),
              1.1, {}, 0.0, {}, 1.7, 1.9, 0.95),
    Condition("diabetes2", "E11.9 E11.6 E11.5 E11.3 E11.4 E11.2 E11.0 E11.1",
              (0, 0, 0.1, 0.4, 2, 6, 11.5, 12), 1.3, {**_ASIAN, **_BLACK}, 0.07,
              {"obesity": 2.4, "diabetes1": 0.0}, 1.35, 1.35, 0.93, 1.4),
    Condition("hypertension", "I10", (0, 0, 0.2, 1, 6, 18, 37, 45), 1.1,
              {"M": 1.6, "N": 1.5, "P": 1.5}, 0.03, {"obesity": 1.7, "diabetes2": 2.3}, 1.05, 1.1,
              0.8),
    Condition("lipids", "E78.0 E78.5 E78.2 E78.1", (0, 0, 0.1, 0.5, 3, 9, 15, 11), 1.1, {}, 0.0,
              {"diabetes2": 2.0, "hypertension": 1.5}, 1.0, 1.0, 0.45),
    Condition("ihd", "I25.1 I25.9 I25.2 I20.9 I25.5", (0, 0, 0, 0.03, 0.4, 2.3, 6.5, 11), 1.9,
              {"J": 1.7, "K": 1.7, "H": 1.5, "M": 0.7, "N": 0.5}, 0.06,
              {"diabetes2": 1.9, "hypertension": 1.5, "smoking": 1.8, "lipids": 1.4}, 1.6, 1.45,
              0.85),
    Condition("af", "I48.9 I48.0 I48.2 I48.1", (0, 0, 0, 0.08, 0.3, 1.3, 5.5, 14), 1.4,
              {"J": 0.5, "K": 0.4, "H": 0.5, "M": 0.5, "N": 0.4}, 0.0,
              {"hypertension": 1.5, "ihd": 1.5}, 1.4, 1.3, 0.88),
    Condition("heart_failure", "I50.0 I50.1 I50.9 I42.0", (0.02, 0, 0, 0.02, 0.07, 0.3, 1.2, 4.2),
              1.3, {}, 0.06, {"ihd": 4.0, "af": 3.2, "diabetes2": 1.5, "hypertension": 1.3}, 3.0,
              1.9, 0.92),
    Condition("stroke_past", "I69.4 I69.3 G81.9 I67.9", (0.02, 0, 0, 0.04, 0.2, 0.8, 2.6, 6), 1.2,
              {"M": 1.6, "N": 1.5}, 0.05, {"hypertension": 1.7, "af": 2.0, "diabetes2": 1.4}, 1.7,
              1.3, 0.7),
    Condition("arteries", "I73.9 I70.2 I71.4 I77.1", (0, 0, 0, 0, 0.2, 1.2, 3.2, 4.5), 1.8, {},
              0.08, {"smoking": 3.0, "diabetes2": 2.2}, 1.7, 1.3, 0.75),
    Condition("kidney", "N18.3 N18.9 N18.4 N18.2", (0.02, 0.02, 0.04, 0.1, 0.3, 1.0, 3.5, 12),
              0.95, {"M": 1.6, "N": 1.5, "J": 1.5, "K": 1.6, "H": 1.4}, 0.04,
              {"diabetes2": 2.6, "diabetes1": 3.0, "hypertension": 1.8, "heart_failure": 2.0}, 1.5,
              1.4, 0.88),
    Condition("dialysis", "N18.5 Z99.2", (0, 0, 0.005, 0.01, 0.02, 0.05, 0.08, 0.06), 1.5,
              {"M": 2.2, "N": 2.2, "J": 2.0, "K": 2.2, "H": 1.8}, 0.05,
              {"kidney": 14.0, "diabetes2": 2.0}, 4.0, 1.6, 0.97),
    Condition("copd", "J44.9 J44.1 J43.9 J44.0", (0, 0, 0, 0.04, 0.5, 2.6, 6, 6.5), 1.1,
              {"J": 0.5, "H": 0.3, "K": 0.6, "N": 0.2, "M": 0.4}, 0.13, {"smoking": 5.0}, 2.2, 1.7,
              0.93),
    Condition("asthma", "J45.9 J45.0 J45.1 J45.8", (1.5, 8, 10, 8, 7, 6, 6, 5), 0.85,
              {"J": 1.2, "K": 1.2, "M": 1.2}, 0.05, {"copd": 0.5, "obesity": 1.4}, 1.05, 1.25,
              0.7),
    Condition("lungs_other", "J84.1 J47 E84.9 D86.0", (0.03, 0.04, 0.05, 0.08, 0.2, 0.5, 1.1, 1.4),
              1.1, {"J": 1.4}, 0.03, {"smoking": 1.7}, 2.4, 1.7, 0.9),
    Condition("breast", "C50.9 C50.4 C50.1 C50.8 C50.2", (0, 0, 0, 0.05, 0.8, 2.2, 3.0, 3.0),
              0.008, {}, -0.03, {}, 2.0, 1.5, 0.9),
    Condition("prostate", "C61", (0, 0, 0, 0, 0.05, 0.9, 4.5, 6.5), _MEN,
              {"M": 2.2, "N": 2.0, "P": 2.0}, -0.02, {}, 1.6, 1.4, 0.9),
    Condition("bowel", "C18.7 C20 C18.0 C18.9 C18.2 C19", (0, 0, 0, 0.02, 0.15, 0.6, 1.5, 1.9),
              1.3, {}, 0.02, {}, 3.0, 1.7, 0.92),
    Condition("lung_cancer", "C34.1 C34.9 C34.3 C34.0 C45.0", (0, 0, 0, 0, 0.02, 0.15, 0.5, 0.5),
              1.1, {}, 0.10, {"smoking": 5.0, "copd": 2.4}, 9.0, 1.9, 0.95),
    Condition("blood_cancer", "C83.3 C90.0 C91.1 C92.0 C81.9 C82.9 D46.9 C91.0",
              (0.02, 0.06, 0.05, 0.08, 0.12, 0.35, 0.8, 1.0), 1.35, {}, 0.0, {}, 3.5, 2.2, 0.95,
              0.6),
    Condition("other_cancer",
              "C67.9 C44.3 C43.5 C25.9 C64 C15.9 C16.9 C54.1 C56 "
              "C71.9 C22.0 C73 C53.9 C32.0 C62.9 C49.2 C69.3 C37",
              (0.02, 0.03, 0.03, 0.1, 0.35, 1.2, 2.8, 3.5), 1.2, {}, 0.03, {"smoking": 1.6}, 4.0,
              1.7, 0.92, 0.8),
    Condition("secondaries", "C78.7 C79.5 C77.9 C78.0 C79.3 C78.6",
              (0, 0, 0, 0.002, 0.01, 0.03, 0.05, 0.05), 1.0, {}, 0.03,
              {"breast": 90, "bowel": 160, "lung_cancer": 330, "other_cancer": 150,
               "prostate": 70}, 5.0, 1.6, 0.9),
    Condition("sickle_cell", "D57.1 D57.0 D57.2", (0.002,) * 8, 1.0,
              {"N": 420, "M": 260, "P": 340, "D": 40, "E": 90, "S": 15}, 0.0, {}, 2.0, 3.0, 0.97),
    Condition("thalassaemia", "D56.1 D56.3 D56.0", (0.006,) * 8, 1.0,
              {"J": 30, "K": 18, "H": 14, "S": 15, "C": 4, "R": 12}, 0.0, {}, 1.3, 1.9, 0.9),
    Condition("frailty", "R54 Z74.1 Z74.0 R26.8", (0, 0, 0, 0, 0.05, 0.6, 4, 22), 0.75, {}, 0.06,
              {"heart_failure": 1.8, "stroke_past": 2.2, "copd": 1.4}, 1.8, 1.7, 0.5),
    Condition("dementia", "F03 F00.9 F01.9 F00.1 F05.1 G31.8", (0, 0, 0, 0, 0.01, 0.15, 1.8, 11),
              0.75, {}, 0.03, {"frailty": 3.0, "stroke_past": 1.8}, 2.3, 1.3, 0.9),
    Condition("parkinson", "G20 G21.4", (0, 0, 0, 0, 0.02, 0.2, 1.0, 2.0), 1.5, {}, 0.0, {}, 1.9,
              1.5, 0.93),
    Condition("epilepsy", "G40.9 G40.3 G40.2 G40.1", (0.4, 0.8, 0.9, 1.0, 1.1, 1.2, 1.4, 1.5),
              1.05, {}, 0.07, {"stroke_past": 3.0, "alcohol": 2.5}, 1.5, 1.7, 0.85),
    Condition("nerves_other", "G35 G43.9 G62.9 G37.9 G61.0",
              (0, 0.1, 0.7, 1.3, 1.7, 1.4, 1.2, 1.0), 0.5, {}, 0.0, {}, 1.1, 1.3, 0.6),
    Condition("depression", "F32.9 F33.9 F32.2 F33.1", (0, 0.1, 3, 7, 9, 9, 7, 6), 0.6,
              {"J": 0.8, "N": 0.6}, 0.08, {"alcohol": 2.2, "drugs": 2.2, "copd": 1.5}, 1.15, 1.35,
              0.5),
    Condition("anxiety", "F41.1 F41.9 F41.2 F43.1 F42.9", (0, 1, 5, 6.5, 6, 5, 4, 3), 0.55, {},
              0.05, {"depression": 4.0}, 1.0, 1.25, 0.4),
    Condition("psychosis", "F20.0 F31.9 F25.9 F29 F31.6 F20.9",
              (0, 0, 0.1, 0.9, 1.1, 1.0, 0.8, 0.6), 1.3, {"M": 3.2, "N": 2.6, "P": 3.0, "D": 2.0},
              0.14, {"drugs": 4.0}, 1.9, 1.5, 0.85),
    Condition("eating", "F50.0 F50.2 F50.9", (0, 0.05, 1.0, 0.9, 0.3, 0.1, 0.02, 0), 0.12, {},
              -0.03, {"anxiety": 3.5}, 1.9, 1.4, 0.8),
    Condition("neurodiverse", "F84.0 F90.0 F84.5 F81.9", (0.1, 2.5, 3.2, 1.8, 0.7, 0.3, 0.1, 0.05),
              2.4, {}, 0.05, {}, 1.0, 1.1, 0.6),
    Condition("learning", "F79.9 F70.9 Q90.9 F71.9 G80.9 Q93.5",
              (0.5, 0.9, 0.9, 0.8, 0.7, 0.6, 0.3, 0.1), 1.35, {"J": 1.5}, 0.08, {"epilepsy": 5.0},
              2.2, 1.6, 0.85),
    Condition("thyroid", "E03.9 E05.0 E06.3 E04.2", (0.05, 0.1, 0.4, 1.0, 2.5, 4, 6, 7), 0.22, {},
              0.0, {}, 1.0, 1.05, 0.65),
    Condition("osteoarthritis", "M17.9 M16.1 M19.9 M17.1 M47.8", (0, 0, 0, 0.3, 2, 9, 18, 24), 0.7,
              {"R": 0.6}, 0.03, {"obesity": 1.9}, 1.0, 1.1, 0.45),
    Condition("inflamed_joints", "M06.9 M05.9 M10.9 M45 M32.9 L40.5 M35.3 M34.9",
              (0, 0.1, 0.2, 0.5, 1.3, 2.4, 3.5, 4), 0.8, {"M": 1.2, "N": 1.1}, 0.02, {}, 1.25,
              1.25, 0.75, 0.8),
    Condition("bones_thin", "M81.9 M80.9 M81.0", (0, 0, 0, 0, 0.1, 1.2, 5, 12), 0.18, {"M": 0.4},
              0.0, {"inflamed_joints": 2.0, "copd": 1.4}, 1.1, 1.05, 0.55),
    Condition("ibd", "K51.9 K50.9 K50.1 K51.0", (0, 0.05, 0.5, 1.0, 1.1, 1.0, 0.9, 0.6), 1.0,
              {"J": 1.2}, -0.02, {}, 1.1, 1.8, 0.85),
    Condition("stomach", "K21.9 K57.3 K58.9 K90.0 K44.9 K22.7", (0.6, 0.6, 1.2, 3, 6, 10, 14, 15),
              0.9, {}, 0.02, {"obesity": 1.4}, 1.0, 1.1, 0.35),
    Condition("liver", "K76.0 K74.6 B18.2 B18.1 K74.3 K75.4", (0, 0, 0.1, 0.3, 0.9, 1.5, 1.3, 0.7),
              1.5, {"J": 1.6, "R": 1.6, "K": 1.5}, 0.06,
              {"alcohol": 6.0, "drugs": 5.0, "obesity": 2.5}, 2.2, 1.5, 0.8),
    Condition("skin", "L20.9 L40.0 L30.9 L40.9 L73.2", (4, 5, 3.5, 2.5, 2.4, 2.4, 2.2, 2.0), 0.95,
              {}, 0.0, {"asthma": 1.8}, 1.0, 1.05, 0.3),
    Condition("hiv", "B24 Z21 B20.6 B23.8 B20.8", (0.01, 0.01, 0.03, 0.2, 0.5, 0.5, 0.15, 0.03),
              1.7, {"N": 7.0, "P": 5.0, "M": 2.0, "E": 3.0, "J": 0.3}, 0.06, {"drugs": 3.0}, 1.5,
              1.4, 0.7),
    Condition("infertility", "N97.9 N97.1 N97.0 Z31.2 Z31.1 N97.4",
              (0, 0, 0.05, 1.6, 1.5, 0, 0, 0), _WOMEN, {}, -0.03, {}, 1.0, 1.2, 0.7),
    Condition("gender", "F64.0 F64.9 F64.2", (0, 0.01, 0.2, 0.22, 0.08, 0.05, 0.02, 0), 0.8, {},
              0.0, {"neurodiverse": 3.0, "depression": 2.0}, 1.0, 1.1, 0.5),
    Condition("womb", "D25.9 N80.9 N92.0 N81.1 N83.2 E28.2", (0, 0, 1.2, 3.5, 6, 4.5, 2.0, 1.2),
              _WOMEN, {"M": 2.0, "N": 2.2, "P": 2.0}, 0.0, {}, 1.0, 1.15, 0.45),
    Condition("prostate_large", "N40", (0, 0, 0, 0, 0.4, 5, 15, 20), _MEN, {}, 0.0, {}, 1.0, 1.1,
              0.6),
    Condition("eyes", "H40.1 H35.3 H26.9 H36.0 H25.9", (0.1, 0.1, 0.2, 0.3, 0.8, 3, 9, 16), 0.9,
              {"M": 1.8, "N": 1.8}, 0.02, {"diabetes2": 1.8, "diabetes1": 3.0}, 1.0, 1.05, 0.35),
    Condition("rare",
              "D86.9 D66 G70.0 E27.1 G12.2 E88.0 G71.0 Q87.4 E84.0 D68.0 G10 "
              "E23.0 I27.0 E22.0 Q85.0 E75.2 G11.1 E83.0 Q78.0 E70.0 Q81.9 E80.2 G60.0 "
              "Q61.2 E85.4 M33.2 A81.0 E76.0 E71.3 D61.0",
              (0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.8), 1.1, {"J": 1.6}, 0.0, {}, 1.5, 1.7, 0.9,
              1.15),
)  # fmt: skip

KEYS = tuple(condition.key for condition in CONDITIONS)
PLACE = {key: index for index, key in enumerate(KEYS)}
CANCERS = ("breast", "prostate", "bowel", "lung_cancer", "blood_cancer", "other_cancer")
