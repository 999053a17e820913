"""Why people come into hospital: the reasons for a stay, with rates, seasons, wards and procedures.

Codes are ICD-10 (diagnoses), OPCS-4 (procedures), NHS treatment function codes (specialties) and
NHS admission method codes. Rates are stays in 1,000 hospital patients a year at each age of
`AGES`; they are round numbers for a demonstration and measure nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

AGES = (0.0, 1.0, 5.0, 16.0, 25.0, 40.0, 55.0, 70.0, 85.0)
"""Ages at which a rate is given."""

Curve = tuple[float, float, float, float, float, float, float, float, float]

METHODS: dict[str, tuple[tuple[str, float], ...]] = {
    "emergency": (("21", 0.80), ("22", 0.10), ("24", 0.03), ("28", 0.05), ("2B", 0.02)),
    "elective": (("11", 0.78), ("12", 0.18), ("13", 0.04)),
    "day": (("11", 0.75), ("12", 0.20), ("13", 0.05)),
    "regular": (("13", 0.97), ("12", 0.03)),
    "birth": (("31", 0.62), ("32", 0.38)),
    "newborn": (("82", 0.98), ("83", 0.02)),
}
"""Admission methods of each kind of stay, with their shares."""
KINDS = tuple(METHODS)


@dataclass(frozen=True)
class Presentation:
    """One reason for a stay in hospital."""

    key: str
    kind: str
    codes: str
    rate: Curve
    specialty: str
    wards: str
    stay: tuple[float, float] = (0.0, 0.0)
    """Median nights and spread (log scale); nothing for a day."""
    pattern: str = "emergency"
    man: float = 1.0
    factors: dict[str, float] = field(default_factory=dict)
    """Factors from long-term conditions."""
    only: tuple[str, ...] = ()
    """Long-term conditions of which the person must have one."""
    ethnic: dict[str, float] = field(default_factory=dict)
    poor: float = 0.0
    procedures: str = ""
    operated: float = 0.0
    """Share of stays with a procedure."""
    price: float = 450.0
    """Pounds for the stay itself; each night adds to it."""
    extra: str = ""
    """ICD-10 codes often recorded beside it."""
    own: float = 0.0
    """Share of stays coded with the patient's own condition out of `only`."""
    complaint: int = 0
    """Index into `emergency.COMPLAINTS` for those who come through A&E."""


_NO: Curve = (0,) * 9
_SMOKES = {"smoking": 1.6}
_FRAIL = {"frailty": 2.2, "dementia": 1.9, "parkinson": 1.6}
_AMU = "Acute Medical Unit|Kestrel Ward|Heron Ward"
_ELDER = "Rowan Ward|Acute Medical Unit|Willow Ward"
_KIDS = "Puffin Ward|Children's Assessment Unit"
_SURGERY = "Surgical Admissions Unit|Lister Ward"
_DAY = "Day Surgery Unit"

EMERGENCIES: tuple[Presentation, ...] = (
    Presentation("pneumonia", "emergency", "J18.9 J18.1 J15.9 J13 J18.0 J69.0 A48.1",
                 (12, 7, 2, 1.2, 2, 4, 9, 24, 62), "340", _AMU + "|Curlew Ward", (4.5, 0.95),
                 "winter_lung", 1.15,
                 {"copd": 3.0, "lung_cancer": 2.5, "lungs_other": 3.0, **_FRAIL}, (), {}, 0.05,
                 "U21.2 E85.2", 0.06, 1400, "J96.0 R09.0 N17.9 Z92.2", complaint=2),
    Presentation("chest_infection", "emergency", "J22 J20.9 J06.9 J40",
                 (70, 28, 6, 2, 2, 3, 5, 10, 24), "300", _AMU, (1.2, 0.9), "winter_lung", 1.0,
                 {"copd": 1.8, "asthma": 1.5}, (), {}, 0.05, "", 0, 700, "R05", complaint=2),
    Presentation("bronchiolitis", "emergency", "J21.9 J21.0 J21.8", (230, 22, 0, 0, 0, 0, 0, 0, 0),
                 "420", _KIDS, (1.6, 0.7), "bronchiolitis", 1.3, {}, (), {"J": 1.4, "K": 1.4},
                 0.07, "", 0, 800, "R63.3", complaint=2),
    Presentation("influenza", "emergency", "J10.1 J11.1 J10.0 J10.8",
                 (6, 3, 1, 0.7, 1, 1.4, 2.3, 5, 9), "300", _AMU, (3.0, 0.9), "flu", 1.0,
                 {"copd": 2.0, "kidney": 1.4}, (), {}, 0.04, "", 0, 900, "J96.0 R50.9",
                 complaint=4),
    Presentation("covid", "emergency", "U07.1 U07.2", (3, 0.7, 0.3, 0.4, 1, 2, 4, 9, 20), "300",
                 _AMU, (5.0, 1.0), "winter_lung", 1.2,
                 {"obesity": 1.6, "diabetes2": 1.6, **_FRAIL}, (),
                 {"J": 1.4, "K": 1.5, "N": 1.3, "M": 1.3}, 0.06, "", 0, 1500, "J12.8 J96.0",
                 complaint=2),
    Presentation("copd_worse", "emergency", "J44.1 J44.0 J44.9",
                 (0, 0, 0, 0, 1, 100, 160, 200, 180), "340", "Curlew Ward|" + _AMU, (3.2, 0.9),
                 "winter_lung", 1.0, {}, ("copd",), {}, 0.07, "E85.2", 0.08, 1100,
                 "J96.1 J96.0 Z99.8", complaint=2),
    Presentation("asthma_attack", "emergency", "J45.9 J46 J45.0",
                 (2, 170, 85, 35, 22, 20, 18, 14, 10), "340", _AMU + "|" + _KIDS, (1.0, 0.7),
                 "autumn_asthma", 0.8, _SMOKES, ("asthma",), {"J": 1.3, "M": 1.3}, 0.08, "", 0,
                 650, "J98.8", complaint=2),
    Presentation("sepsis", "emergency", "A41.9 A41.5 A40.9 A41.0 A39.2",
                 (12, 2.5, 0.8, 0.6, 0.8, 1.6, 4.5, 12, 32), "300", _AMU + "|Intensive Care Unit",
                 (6.5, 0.9), "emergency", 1.15,
                 {"diabetes2": 1.7, "blood_cancer": 4.0, "secondaries": 3.0, "dialysis": 4.0,
                  **_FRAIL}, (), {}, 0.05, "E85.1 L91.2", 0.12, 2600, "N17.9 R57.2 E87.2 B96.2",
                 complaint=4),
    Presentation("urine", "emergency", "N39.0 N10 N30.9 N12", (14, 6, 3, 4, 6, 6, 7, 17, 52),
                 "300", _ELDER, (3.0, 0.95), "emergency", 0.65, {"diabetes2": 1.5, **_FRAIL}, (),
                 {}, 0.03, "M47.9", 0.08, 850, "B96.2 R33 N17.9 F05.9", complaint=5),
    Presentation("heart_attack", "emergency", "I21.4 I21.9 I21.1 I21.0 I22.9",
                 (0, 0, 0, 0.02, 0.12, 1.1, 3.8, 6.5, 10), "320", "Coronary Care Unit|Osprey Ward",
                 (3.0, 0.7), "winter_fall", 1.8,
                 {"ihd": 3.5, "diabetes2": 1.5, "smoking": 1.9, "hypertension": 1.2}, (),
                 {"J": 1.7, "K": 1.7, "H": 1.4}, 0.05, "K75.1 K63.3 K49.1", 0.62, 2700,
                 "I25.1 Z95.5 E78.0", complaint=0),
    Presentation("chest_pain", "emergency", "R07.4 I20.9 R07.3 I20.0",
                 (0, 0, 0.4, 2, 7, 14, 22, 25, 22), "326", _AMU + "|Same Day Emergency Care",
                 (0.4, 0.8), "emergency", 1.1, {"ihd": 3.0, "anxiety": 1.5}, (),
                 {"J": 1.5, "K": 1.5}, 0.07, "U20.1 K63.1", 0.1, 480, "Z03.4", complaint=0),
    Presentation("heart_failure_worse", "emergency", "I50.0 I50.1 I50.9 J81",
                 (40, 0, 0, 5, 90, 170, 240, 290, 340), "320", "Osprey Ward|" + _ELDER, (7.0, 0.8),
                 "winter_fall", 1.0, {"kidney": 1.4}, ("heart_failure",), {}, 0.03, "U20.1", 0.25,
                 1900, "I48.9 N17.9 J90", complaint=2),
    Presentation("rhythm", "emergency", "I48.9 I47.1 I48.0 R00.2 I44.2",
                 (0.3, 0.1, 0.2, 1, 1.6, 3, 6, 12, 17), "320", "Osprey Ward|Coronary Care Unit",
                 (1.4, 0.9), "emergency", 1.1, {"af": 5.0}, (), {}, 0.0, "K60.1 X50.1", 0.15, 950,
                 "R55", complaint=23),
    Presentation("stroke", "emergency", "I63.9 I63.4 I61.9 I63.3 I64 G45.9 I60.9",
                 (0.1, 0.05, 0.05, 0.1, 0.25, 0.8, 2.6, 6.5, 15), "328",
                 "Hyper-acute Stroke Unit|Fulmar Ward", (7.0, 1.1), "winter_fall", 1.2,
                 {"af": 2.6, "hypertension": 1.6, "diabetes2": 1.5, "stroke_past": 2.0}, (),
                 {"M": 1.6, "N": 1.6, "K": 1.3}, 0.05, "U05.1 L71.2", 0.5, 3100, "R47.0 R13 G81.9",
                 complaint=24),
    Presentation("clot", "emergency", "I26.9 I80.2 I26.0", (0, 0, 0, 0.4, 0.9, 1.7, 3, 6, 10),
                 "326", _AMU, (2.5, 0.9), "emergency", 1.0,
                 {"secondaries": 5.0, "other_cancer": 2.0}, (), {}, 0.02, "U07.2", 0.25, 1150,
                 "Z92.1", complaint=2),
    Presentation("broken_hip", "emergency", "S72.0 S72.1 S72.2",
                 (0, 0, 0.05, 0.05, 0.1, 0.2, 0.6, 2.6, 13), "110", "Nightjar Ward|Rowan Ward",
                 (13, 0.6), "winter_fall", 0.5, {"bones_thin": 2.6, **_FRAIL}, (), {"A": 1.4},
                 0.02, "W46.1 W24.1 W19.1 W37.1", 0.95, 6900, "W19 W01 F05.9 D62 M80.9",
                 complaint=12),
    Presentation("fall", "emergency", "S00.9 R29.6 S09.9 S70.0 S32.5 S22.3 S42.2",
                 (3, 2, 1, 1, 1, 1.5, 4, 13, 52), "430", _ELDER, (4.0, 1.1), "winter_fall", 0.75,
                 {"alcohol": 2.5, **_FRAIL}, (), {}, 0.05, "U05.1", 0.3, 1000, "W19 W18 W10 R26.8",
                 complaint=12),
    Presentation("fracture", "emergency", "S52.5 S82.6 S52.6 S42.4 S82.8 S62.3 S92.3 S82.2",
                 (1.5, 9, 16, 13, 8, 7, 7, 9, 10), "110", "Nightjar Ward|" + _KIDS, (1.6, 0.9),
                 "summer_injury", 1.2, {"bones_thin": 2.0, "alcohol": 1.6}, (), {}, 0.03,
                 "W20.1 W26.2 W24.2 W28.3", 0.7, 2300, "W19 V19.9 X59", complaint=10),
    Presentation("head_injury", "emergency", "S06.0 S09.9 S06.5 S01.0 S02.2",
                 (7, 4.5, 3, 4, 4, 2.6, 2.6, 4, 9), "180", "Clinical Decision Unit", (0.5, 0.9),
                 "summer_injury", 1.6, {"alcohol": 4.0}, (), {}, 0.07, "U05.1", 0.4, 560,
                 "W19 Y04 F10.0 V99", complaint=11),
    Presentation("belly_pain", "emergency", "R10.4 R10.3 R10.1 K59.0 A09.9",
                 (5, 6, 8, 15, 16, 13, 13, 15, 18), "100", _SURGERY, (0.8, 0.9), "emergency", 0.72,
                 {"ibd": 2.5, "anxiety": 1.3}, (), {}, 0.05, "U08.2", 0.2, 560, "R11", complaint=1),
    Presentation("appendix", "emergency", "K35.8 K35.3 K37 K35.2",
                 (0.05, 0.5, 3, 4, 3, 1.8, 1.3, 1, 0.7), "100", _SURGERY + "|" + _KIDS, (2.0, 0.6),
                 "summer_injury", 1.2, {}, (), {}, 0.0, "H01.2 H01.1", 0.93, 2400, "K65.0",
                 complaint=1),
    Presentation("gallbladder", "emergency", "K80.0 K81.0 K80.2 K85.9 K80.5",
                 (0, 0, 0.05, 0.9, 3, 4.5, 6, 8, 9), "100", _SURGERY, (3.2, 0.8), "emergency", 0.6,
                 {"obesity": 1.9, "alcohol": 1.6, "sickle_cell": 4}, (), {"A": 1.1}, 0.03,
                 "J18.3 J38.2", 0.32, 1700, "R17", complaint=1),
    Presentation("bowel_blocked", "emergency", "K56.6 K57.3 K56.5 K63.1 K57.2",
                 (0.6, 0.1, 0.1, 0.3, 0.6, 1.6, 3.5, 6.5, 10), "100",
                 _SURGERY + "|Intensive Care Unit", (5.0, 0.9), "emergency", 0.95,
                 {"bowel": 5.0, "secondaries": 2.0}, (), {}, 0.01, "T41.2 H07.9 G69.3", 0.38, 3300,
                 "K65.9 E87.6", complaint=1),
    Presentation("gut_bleed", "emergency", "K92.2 K92.1 K92.0 K25.4 I85.0 K62.5",
                 (0.4, 0.2, 0.2, 0.9, 1.6, 2.6, 4, 8, 15), "301", "Plover Ward|" + _AMU,
                 (3.0, 0.9), "emergency", 1.3, {"alcohol": 3.5, "liver": 3.0, "af": 1.4}, (), {},
                 0.06, "G45.4 G45.1 H22.9", 0.6, 1350, "D62 D50.0", complaint=22),
    Presentation("liver_worse", "emergency", "K70.3 K72.9 K70.4 K74.6 R18",
                 (0, 0, 0, 2, 30, 70, 90, 70, 50), "301", "Plover Ward", (7.0, 0.9), "emergency",
                 1.0, {"alcohol": 3.0}, ("liver",), {}, 0.05, "T46.2", 0.3, 2300,
                 "K76.6 R18 E87.1", complaint=1),
    Presentation("withdrawal", "emergency", "F10.3 F10.0 F10.2 F10.4",
                 (0, 0, 0, 30, 80, 130, 110, 60, 20), "300", _AMU, (1.6, 0.9), "emergency", 1.1,
                 {}, ("alcohol",), {}, 0.06, "", 0, 800, "R56.8 E51.2 Z59.0", complaint=15),
    Presentation("overdose", "emergency", "T39.1 T43.2 T42.4 T40.2 T50.9",
                 (0.6, 0.9, 0.4, 8, 7, 4.5, 2.6, 1, 0.7), "326", "Clinical Decision Unit|" + _AMU,
                 (0.8, 0.8), "emergency", 0.6,
                 {"depression": 4.0, "psychosis": 4.5, "drugs": 3.0, "eating": 3.0}, (), {}, 0.08,
                 "", 0, 650, "X60 X61 X64 R45.8", complaint=14),
    Presentation("fits", "emergency", "G40.9 R56.8 G41.9 G40.3",
                 (3, 30, 22, 25, 30, 34, 40, 50, 60), "400", _AMU + "|" + _KIDS, (1.1, 0.9),
                 "emergency", 1.1, {"learning": 2.0, "alcohol": 2.0}, ("epilepsy",), {}, 0.05,
                 "U05.1 A84.1", 0.25, 780, "R56.8", complaint=9),
    Presentation("fever_child", "emergency", "B34.9 R50.9 A08.4 J03.9 R56.0 H66.9 J05.0",
                 (220, 105, 20, 4, 0, 0, 0, 0, 0), "420", _KIDS, (0.5, 0.7), "winter_lung", 1.2,
                 {}, (), {"J": 1.5, "K": 1.4}, 0.06, "", 0, 480, "R11 R21", complaint=4),
    Presentation("collapse", "emergency", "R55 I95.1 R42 I95.9",
                 (0.6, 0.4, 0.7, 2.5, 2.5, 3, 5, 11, 28), "326", _AMU + "|" + _ELDER, (1.4, 1.0),
                 "emergency", 0.95, {"af": 1.4, **_FRAIL}, (), {}, 0.02, "U05.1", 0.2, 620, "W19",
                 complaint=8),
    Presentation("confusion", "emergency", "F05.9 R41.0 F05.1 G93.4",
                 (0, 0, 0, 0.1, 0.2, 0.5, 1.2, 5, 26), "430", _ELDER, (7.0, 1.0), "emergency", 1.0,
                 {"dementia": 5.0, "frailty": 1.8, "alcohol": 2}, (), {}, 0.0, "U05.1", 0.3, 1500,
                 "N39.0 R29.6 Z74.1", complaint=24),
    Presentation("sugar_high", "emergency", "E10.1 E10.6 E10.9 E16.2",
                 (5, 60, 110, 150, 110, 60, 40, 40, 50), "302", _AMU, (2.6, 0.8), "emergency", 1.0,
                 {"depression": 1.5, "eating": 2.5}, ("diabetes1",), {}, 0.08, "", 0, 1100,
                 "E87.6 E86", complaint=6),
    Presentation("foot", "emergency", "L03.1 L97 M86.9 I70.2",
                 (0.6, 0.8, 0.5, 1.4, 3, 5, 8, 12, 20), "107", _AMU + "|Lister Ward", (4.0, 1.0),
                 "emergency", 1.25,
                 {"diabetes2": 2.6, "arteries": 3.5, "obesity": 1.7, "drugs": 4.0}, (), {}, 0.08,
                 "S57.1 X11.1 L60.1", 0.2, 1450, "B95.6 L89.9", complaint=20),
    Presentation("kidney_sudden", "emergency", "N17.9 E87.5 E87.1 E86 E87.6",
                 (1.5, 0.3, 0.2, 0.4, 0.7, 1.6, 4, 11, 28), "361", _AMU + "|Dunlin Ward",
                 (5.0, 0.9), "emergency", 1.1,
                 {"kidney": 3.0, "dialysis": 3.0, "heart_failure": 1.8, **_FRAIL}, (), {}, 0.03,
                 "X40.3", 0.08, 1350, "I10 E87.5", complaint=24),
    Presentation("stone", "emergency", "N20.1 N20.0 N23 N13.2",
                 (0, 0, 0.1, 1, 2.6, 4, 4.5, 3.2, 2), "101", _SURGERY, (1.1, 0.8), "summer_injury",
                 1.9, {}, (), {}, 0.0, "M29.2 M30.9", 0.35, 1150, "N39.0", complaint=1),
    Presentation("retention", "emergency", "R33 R31 N40 N13.9",
                 (0.1, 0.1, 0.2, 0.3, 0.4, 0.8, 3, 11, 24), "101", _SURGERY, (1.6, 0.9),
                 "emergency", 4.0, {"prostate_large": 3.0, "prostate": 2.5}, (), {}, 0.0, "M47.9",
                 0.55, 760, "N39.0", complaint=5),
    Presentation("sickle_crisis", "emergency", "D57.0",
                 (60, 350, 480, 700, 900, 700, 450, 300, 200), "303", "Avocet Ward", (3.5, 0.8),
                 "winter_fall", 1.0, {}, ("sickle_cell",), {}, 0.03, "X33.2", 0.18, 1350,
                 "R07.4 J18.9 R52.0", complaint=21),
    Presentation("chemo_fever", "emergency", "D70 R50.9 A41.9 T45.1",
                 (80, 120, 120, 110, 90, 80, 70, 60, 45), "370", "Avocet Ward|" + _AMU, (4.0, 0.7),
                 "emergency", 1.0, {"blood_cancer": 2.4},
                 ("blood_cancer", "breast", "bowel", "other_cancer", "lung_cancer"), {}, 0.0, "",
                 0, 1500, "D70 D64.8", complaint=4),
    Presentation("cancer_worse", "emergency", "C79.5 C78.7 C34.9 C79.3 R52.1 G95.2",
                 (0, 50, 60, 150, 260, 320, 340, 330, 300), "370", "Avocet Ward|" + _AMU,
                 (6.0, 0.9), "emergency", 1.0, {}, ("secondaries",), {}, 0.02, "T46.2 T12.3", 0.2,
                 1900, "R52.1 Z51.5 E83.5 R63.4", complaint=1),
    Presentation("back", "emergency", "M54.5 M54.4 M51.1 G83.4 M54.9",
                 (0, 0, 0.2, 1.6, 3.5, 5, 5, 5, 8), "110", "Nightjar Ward", (1.4, 1.0),
                 "emergency", 0.9, {"obesity": 1.4, "depression": 1.4}, (), {}, 0.05, "V25.4",
                 0.06, 720, "R52.2", complaint=7),
    Presentation("headache", "emergency", "R51 G43.9 G44.2 G93.2 A87.9",
                 (0.6, 0.4, 2, 6, 7, 6, 4, 3, 2.4), "400", _AMU, (0.6, 0.8), "emergency", 0.55,
                 {"nerves_other": 2.0, "anxiety": 1.4}, (), {}, 0.04, "U05.1 A55.9", 0.35, 560,
                 "R11", complaint=3),
    Presentation("abscess", "emergency", "L02.4 L02.2 K61.0 L02.3 L05.0",
                 (1, 0.8, 0.9, 5, 6, 5, 4, 2.6, 1.6), "100", _SURGERY, (0.8, 0.7), "summer_injury",
                 1.3, {"diabetes2": 2.0, "drugs": 5.0, "smoking": 1.6}, (), {}, 0.06,
                 "S47.2 H58.2", 0.8, 950, "B95.6", complaint=20),
    Presentation("mind_crisis", "emergency", "F23.9 F20.0 F31.2 R45.8 F32.2",
                 (0, 0, 0.1, 12, 55, 60, 45, 25, 15), "300", "Clinical Decision Unit", (1.2, 1.0),
                 "emergency", 1.0, {"drugs": 1.8}, ("psychosis",), {}, 0.05, "", 0, 620, "Z91.1",
                 complaint=25),
    Presentation("starved", "emergency", "F50.0 E43 F50.2 E87.6",
                 (0, 0, 60, 130, 70, 40, 30, 20, 10), "300", _AMU + "|" + _KIDS, (11, 0.9),
                 "emergency", 1.0, {}, ("eating",), {}, 0.0, "G47.6", 0.1, 2500, "E87.6 R63.4",
                 complaint=24),
    Presentation("ibd_worse", "emergency", "K51.9 K50.9 K51.0 K50.1",
                 (10, 30, 60, 80, 75, 55, 45, 40, 35), "301", "Plover Ward", (4.0, 0.8),
                 "emergency", 1.0, {}, ("ibd",), {}, 0.02, "H25.9 H33.6", 0.35, 1550, "D50.9 E86",
                 complaint=1, own=1.0),
    Presentation("rare_worse", "emergency", "R53 J96.9 G12.2 D66 E27.2",
                 (60, 60, 50, 50, 55, 60, 75, 100, 120), "300", _AMU, (4.0, 1.0), "emergency", 1.0,
                 {}, ("rare",), {}, 0.0, "", 0, 1600, "R53", complaint=21, own=0.8),
    Presentation("infection_rare", "emergency",
                 "A15.0 B54 A01.0 A09.0 B01.9 G00.1 A69.2 A27.9 B50.9 A53.9 A56.0 A54.9",
                 (0.3, 0.3, 0.3, 0.9, 1.1, 0.9, 0.6, 0.5, 0.5), "350", "Avocet Ward|" + _AMU,
                 (4.0, 0.9), "summer_injury", 1.4, {"hiv": 4.0}, (),
                 {"H": 5, "J": 5, "K": 4, "N": 6, "L": 4, "S": 3}, 0.06, "", 0, 1700, "R50.9",
                 complaint=4),
)  # fmt: skip

PLANNED: tuple[Presentation, ...] = (
    Presentation("cataract", "day", "H25.9 H26.9 H25.1 H25.0",
                 (0.1, 0.1, 0.1, 0.1, 0.2, 1.2, 9, 44, 50), "130", "Eye Day Unit", (0, 0),
                 "day_case", 0.8, {"diabetes2": 1.5, "eyes": 2.5}, (), {}, 0.0, "C75.1 C71.2",
                 0.99, 950),
    Presentation("bowel_camera", "day", "K57.3 D12.6 K62.5 Z12.1 R19.4 K64.9 D12.2",
                 (0.1, 0.2, 0.5, 4, 9, 18, 36, 42, 17), "301", "Endoscopy Unit", (0, 0),
                 "day_case", 0.95, {"ibd": 4.0, "bowel": 2.5}, (), {}, -0.02, "H22.9 H20.1 H25.9",
                 0.98, 560),
    Presentation("stomach_camera", "day", "K29.7 K21.9 R10.1 K44.9 K22.7 D50.9",
                 (0.2, 0.4, 0.8, 5, 9, 15, 22, 25, 15), "301", "Endoscopy Unit", (0, 0),
                 "day_case", 0.85, {"stomach": 2.2, "liver": 1.8}, (), {}, 0.01,
                 "G45.1 G45.9 G16.9", 0.98, 480),
    Presentation("bladder_camera", "day", "R31 N40 C67.9 N32.8 Z08.7",
                 (0.1, 0.1, 0.3, 0.9, 2, 4, 9, 22, 18), "101", _DAY, (0, 0), "day_case", 2.4,
                 {"prostate_large": 1.8, "other_cancer": 1.8}, (), {}, 0.0, "M45.9 M45.1", 0.98,
                 420),
    Presentation("hernia", "day", "K40.9 K42.9 K43.9 K40.2", (3, 1.2, 0.7, 0.8, 2, 4, 7, 9, 6),
                 "100", _DAY, (0.2, 0.5), "elective", 4.2, {}, (), {}, 0.0, "T20.2 T24.3 T27.2",
                 0.98, 1650),
    Presentation("gallstones", "elective", "K80.2 K80.1 K80.8", (0, 0, 0.02, 0.9, 3.5, 5, 6, 6, 2),
                 "100", _SURGERY, (0.8, 0.6), "elective", 0.35, {"obesity": 2.0}, (), {}, 0.0,
                 "J18.3", 0.97, 2500),
    Presentation("hip", "elective", "M16.1 M16.9 M16.7", (0, 0, 0, 0.05, 0.1, 0.9, 4.5, 11, 8),
                 "110", "Elective Orthopaedic Unit", (3.0, 0.5), "elective", 0.68,
                 {"osteoarthritis": 3.0, "frailty": 0.3}, (), {"A": 1.3}, -0.04,
                 "W37.1 W39.1 W93.1", 0.98, 6300),
    Presentation("knee", "elective", "M17.1 M17.9 M17.0", (0, 0, 0, 0.02, 0.05, 0.8, 6, 13, 7),
                 "110", "Elective Orthopaedic Unit", (3.0, 0.5), "elective", 0.75,
                 {"osteoarthritis": 3.0, "obesity": 1.6, "frailty": 0.3}, (), {}, -0.01,
                 "W40.1 W42.1", 0.98, 6500),
    Presentation("joint_camera", "day", "M23.2 M75.1 M23.3 S83.5 G56.0",
                 (0, 0, 0.3, 2.4, 4, 7, 10, 8, 4), "110", _DAY, (0, 0), "elective", 1.1, {}, (),
                 {}, -0.01, "W82.2 W84.4 A65.1 O29.1", 0.98, 1750),
    Presentation("tonsils", "day", "J35.0 J35.1 G47.3 J03.9",
                 (0.3, 6, 9, 5, 2, 0.6, 0.3, 0.2, 0.1), "120", _DAY, (0.2, 0.4), "elective", 0.85,
                 {}, (), {}, 0.02, "F34.4 F34.1 E20.1", 0.98, 1350),
    Presentation("grommets", "day", "H65.3 H66.3 H90.2", (0.5, 7, 3, 0.3, 0.2, 0.2, 0.2, 0.2, 0.1),
                 "120", _DAY, (0, 0), "day_case", 1.3, {}, (), {}, 0.02, "D15.1", 0.98, 900),
    Presentation("teeth", "day", "K02.9 K01.1 K04.7", (0.2, 9, 8, 4, 3, 1.5, 1, 0.8, 0.5), "140",
                 _DAY, (0, 0), "day_case", 1.0, {"learning": 6.0}, (), {"J": 1.3}, 0.14,
                 "F10.4 F09.1", 0.98, 880),
    Presentation("skin_lump", "day", "C44.3 D22.5 C44.9 D23.9 L72.1 C43.5",
                 (0.2, 0.4, 0.6, 1.6, 2.5, 5, 11, 20, 25), "330", _DAY, (0, 0), "day_case", 1.1,
                 {}, (), {"A": 1.6, "B": 1.6, "M": 0.15, "N": 0.1, "J": 0.2, "H": 0.15}, -0.06,
                 "S06.5 S05.3 S15.9", 0.97, 640),
    Presentation("heart_catheter", "day", "I25.1 I20.9 I35.0 R07.4",
                 (0.4, 0.1, 0.1, 0.1, 0.3, 2, 8, 12, 7), "320", "Cardiac Day Unit", (0.2, 0.6),
                 "day_case", 1.8, {"ihd": 4.0}, (), {"J": 1.5, "K": 1.5, "H": 1.4}, 0.02,
                 "K63.3 K75.1 K60.1", 0.97, 1900),
    Presentation("womb_camera", "day", "N92.0 N95.0 D25.9 N84.0 N80.9",
                 (0, 0, 0, 1.2, 5, 11, 12, 4, 1.5), "502", _DAY, (0, 0), "day_case", 0.0,
                 {"womb": 3.0}, (), {}, 0.0, "Q18.9 Q18.1 T42.1", 0.97, 1050),
    Presentation("womb_removal", "elective", "D25.9 N92.0 C54.1 N80.0 N81.2",
                 (0, 0, 0, 0, 0.6, 3.2, 3.0, 2.2, 0.8), "502", "Gynaecology Ward", (2.0, 0.5),
                 "elective", 0.0, {"womb": 4.0}, (), {}, 0.0, "Q07.4 Q08.9", 0.97, 3900),
    Presentation("womb_bleed", "emergency", "O03.9 O20.0 O00.1 N93.9 O21.0",
                 (0, 0, 0, 16, 26, 11, 2, 0.5, 0.3), "502", "Gynaecology Ward", (0.6, 0.7),
                 "emergency", 0.0, {}, (), {"N": 1.3, "J": 1.2}, 0.04, "Q11.1 R12.1", 0.3, 720,
                 "R10.3", complaint=18),
    Presentation("fertility", "day", "N97.9 Z31.2 N97.1 N97.4", (0, 0, 0, 200, 420, 300, 0, 0, 0),
                 "502", _DAY, (0, 0), "day_case", 1.0, {}, ("infertility",), {}, -0.05,
                 "Q13.1 Q22.1 Q41.4", 0.95, 1500),
    Presentation("breast_surgery", "elective", "C50.9 C50.4 D05.1 C50.1 N63",
                 (0, 0, 0, 2, 70, 90, 75, 55, 30), "103", _SURGERY, (0.9, 0.6), "elective", 1.0,
                 {}, ("breast",), {}, 0.0, "B28.2 B27.4 T87.3", 0.97, 3100, own=0.9),
    Presentation("bowel_surgery", "elective", "C18.7 C20 C18.0 C18.2",
                 (0, 0, 0, 40, 120, 130, 130, 110, 60), "104", "Lister Ward", (6.0, 0.6),
                 "elective", 1.0, {}, ("bowel",), {}, 0.0, "H33.4 H07.3 H10.4", 0.95, 7600,
                 "Z93.2 K65.0", own=1.0),
    Presentation("prostate_surgery", "elective", "N40 C61", (0, 0, 0, 0, 1, 8, 26, 30, 14), "101",
                 _SURGERY, (1.5, 0.6), "elective", 1.0, {}, ("prostate_large", "prostate"), {},
                 -0.02, "M65.3 M61.1", 0.96, 2900, own=1.0),
    Presentation("chest_camera", "day", "C34.9 R04.2 J84.1 D86.0",
                 (0.3, 0.2, 0.2, 0.3, 0.4, 1, 3, 5, 3), "340", "Endoscopy Unit", (0, 0),
                 "day_case", 1.2, {"lung_cancer": 12.0, "lungs_other": 4.0}, (), {}, 0.03,
                 "E49.1 E63.2", 0.97, 900),
    Presentation("back_injection", "day", "M54.5 M51.1 M47.8 G89.2",
                 (0, 0, 0, 0.9, 3, 8, 12, 11, 6), "191", _DAY, (0, 0), "day_case", 0.75,
                 {"osteoarthritis": 1.7, "depression": 1.4}, (), {}, 0.05, "A52.1 V54.4 W90.3",
                 0.97, 640),
    Presentation("eye_injection", "day", "H35.3 H36.0 H34.8", (0, 0, 0, 1, 6, 20, 100, 230, 290),
                 "130", "Eye Day Unit", (0, 0), "day_case", 1.0, {}, ("eyes",), {}, 0.0,
                 "C79.4 C89.3", 0.99, 720, own=0.5),
    Presentation("plastic", "elective", "T14.1 L90.5 Q36.9 N62 S61.0",
                 (1, 1.4, 1, 1.6, 2, 1.8, 1.6, 1.5, 1), "160", _DAY, (0.6, 0.8), "elective", 1.0,
                 {}, (), {}, 0.0, "S60.4 B31.1 S42.2", 0.9, 1800),
    Presentation("child_tests", "day", "Q21.1 N47 Q53.9 Q66.0 Q38.1 E34.3",
                 (12, 6, 3, 1, 0, 0, 0, 0, 0), "420", _KIDS, (0.1, 0.5), "day_case", 1.7, {}, (),
                 {}, 0.0, "N30.3 N09.2 F26.1", 0.7, 900),
)  # fmt: skip

REGULAR: tuple[Presentation, ...] = (
    Presentation("dialysis", "regular", "Z49.1 N18.5",
                 (3000, 5000, 7000, 9000, 11000, 11500, 11500, 11000, 10000), "361",
                 "Dialysis Unit", (0, 0), "regular", 1.0, {}, ("dialysis",), {}, 0.0,
                 "X40.3 X40.4", 0.99, 165, own=0.3),
    Presentation("chemotherapy", "regular", "Z51.1 C50.9 C18.9 C83.3 C90.0",
                 (900, 1100, 1200, 1300, 1500, 1500, 1300, 750, 220), "370",
                 "Kingfisher Chemotherapy Suite", (0, 0), "day_case", 1.0,
                 {"secondaries": 2.2, "blood_cancer": 1.7},
                 ("breast", "bowel", "lung_cancer", "blood_cancer", "other_cancer"), {}, 0.0,
                 "X72.1 X72.3 X35.2", 0.99, 480, own=0.75),
    Presentation("transfusion", "regular", "D57.1 D56.1 D46.9 D64.9",
                 (800, 1500, 2400, 2600, 2400, 2000, 1600, 1500, 1400), "303",
                 "Kingfisher Day Unit", (0, 0), "day_case", 1.0, {},
                 ("sickle_cell", "thalassaemia"), {}, 0.0, "X33.2 X33.7", 0.98, 420, own=0.95),
    Presentation("radiotherapy", "regular", "Z51.0 C61 C50.9",
                 (100, 300, 300, 500, 900, 1000, 950, 700, 250), "800", "Radiotherapy Department",
                 (0, 0), "day_case", 1.0, {},
                 ("breast", "prostate", "lung_cancer", "other_cancer"), {}, 0.0, "X65.4", 0.98,
                 190, own=0.8),
    Presentation("infusion", "regular", "K50.9 M06.9 K51.9 G35 L40.0",
                 (10, 100, 400, 700, 750, 600, 480, 300, 100), "410", "Kingfisher Day Unit",
                 (0, 0), "day_case", 1.0, {}, ("ibd", "inflamed_joints"), {}, -0.02, "X92.1 X92.2",
                 0.98, 640, own=1.0),
)  # fmt: skip

BIRTHS: tuple[Presentation, ...] = (
    Presentation("birth", "birth",
                 "O80.0 O82.1 O82.0 O70.1 O81.4 O42.0 O72.1 O68.9 O14.1 O24.4 O30.0",
                 (0, 0, 0, 45, 105, 55, 0, 0, 0), "501", "Maternity Unit|Midwife-led Birth Centre",
                 (1.6, 0.7), "birth", 0.0, {"infertility": 1.3}, (),
                 {"J": 1.5, "K": 1.5, "N": 1.3, "H": 0.9}, 0.05, "R24.9 R17.2 R18.2 R21.1 R22.3",
                 0.96, 1750, "Z37.0 O99.0 O24.9 Z35.9"),
    Presentation("pregnancy_watch", "birth", "O36.8 O26.8 O47.0 O14.9 O24.4 O46.9",
                 (0, 0, 0, 35, 75, 40, 0, 0, 0), "501", "Maternity Assessment Unit", (0.4, 0.8),
                 "emergency", 0.0, {"hypertension": 2.0, "diabetes2": 3.0}, (),
                 {"J": 1.5, "K": 1.5, "N": 1.5}, 0.05, "R36.1", 0.3, 420, "Z35.9"),
)  # fmt: skip

NEWBORN = Presentation(
    "newborn", "newborn", "Z38.0 P07.3 P59.9 P22.9 P05.1 P36.9 P70.4 Z38.3 P07.2", _NO, "420",
    "Maternity Unit|Neonatal Unit", (1.4, 0.8), "emergency", price=650.0, extra="P59.9 Z38.0",
)  # fmt: skip
DYING = Presentation(
    "dying", "emergency", "J18.9 A41.9 I50.0 R99 I64 J69.0 C79.9", _NO, "300", _AMU + "|Rowan Ward",
    (6.0, 0.9), "emergency", price=1500.0, extra="Z51.5 R64 N17.9 J96.0", complaint=2,
)  # fmt: skip

PRESENTATIONS = (*EMERGENCIES, *PLANNED, *REGULAR, *BIRTHS, NEWBORN, DYING)
