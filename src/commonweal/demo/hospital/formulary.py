"""Medicines and laboratory tests as tables of data: what is given and measured for which illness.

Medicines carry the British National Formulary code to the level of the substance (nine
characters). Tests carry LOINC codes with the units that English laboratories report.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Medicine:
    """A medicine, for which conditions (share of patients) or reasons for a stay (share)."""

    bnf: str
    name: str
    doses: str
    """Doses parted by a bar, common ones first."""
    quantity: int
    conditions: dict[str, float] = field(default_factory=dict)
    reasons: dict[str, float] = field(default_factory=dict)


_ONCE = "One to be taken once a day|One to be taken in the morning|ONE daily"
_TWICE = "One to be taken twice a day|ONE twice daily|1 BD"
_NIGHT = "One to be taken at night|ONE at night|1 nocte"
_THRICE = "One to be taken three times a day|1 TDS"
_QDS = "One or two to be taken up to four times a day when required|2 QDS PRN"

MEDICINES: tuple[Medicine, ...] = (
    Medicine("0601022B0", "Metformin 500mg tablets", _TWICE, 56, {"diabetes2": 0.75}),
    Medicine("0601021M0", "Gliclazide 80mg tablets", _TWICE, 56, {"diabetes2": 0.3}),
    Medicine("0601023X0", "Sitagliptin 100mg tablets", _ONCE, 28, {"diabetes2": 0.2}),
    Medicine("0601012V0", "Insulin glargine 100units/ml pens",
             "Inject as directed|18 units at night", 5, {"diabetes1": 0.8, "diabetes2": 0.14}),
    Medicine("0601011A0", "Insulin aspart 100units/ml pens", "Inject with meals as directed", 5,
             {"diabetes1": 0.85, "diabetes2": 0.05}),
    Medicine("0212000B0", "Atorvastatin 20mg tablets", _NIGHT, 28,
             {"lipids": 0.7, "ihd": 0.6, "stroke_past": 0.5, "diabetes2": 0.3, "arteries": 0.5}),
    Medicine("0206020A0", "Amlodipine 5mg tablets", _ONCE, 28, {"hypertension": 0.5}),
    Medicine("0205051R0", "Ramipril 5mg capsules", _ONCE, 28,
             {"hypertension": 0.4, "heart_failure": 0.4, "ihd": 0.3}),
    Medicine("0205052N0", "Losartan 50mg tablets", _ONCE, 28, {"hypertension": 0.2}),
    Medicine("0204000H0", "Bisoprolol 2.5mg tablets", _ONCE, 28,
             {"af": 0.6, "ihd": 0.45, "heart_failure": 0.5}),
    Medicine("0202020L0", "Furosemide 40mg tablets", "One to be taken in the morning|40mg OM", 28,
             {"heart_failure": 0.8, "kidney": 0.12}, {"heart_failure_worse": 0.7}),
    Medicine("0202030S0", "Spironolactone 25mg tablets", _ONCE, 28,
             {"heart_failure": 0.3, "liver": 0.12}),
    Medicine("0209000A0", "Aspirin 75mg dispersible tablets", _ONCE, 28,
             {"ihd": 0.6, "arteries": 0.3}, {"heart_attack": 0.9}),
    Medicine("0209000C0", "Clopidogrel 75mg tablets", _ONCE, 28,
             {"stroke_past": 0.6, "arteries": 0.4}, {"stroke": 0.5, "heart_attack": 0.3}),
    Medicine("0206010F0", "Glyceryl trinitrate 400micrograms/dose spray", "One or two puffs under "
             "the tongue when required", 1, {"ihd": 0.35}),
    Medicine("0208020Z0", "Apixaban 5mg tablets", _TWICE, 56, {"af": 0.55}, {"clot": 0.7}),
    Medicine("0208020V0", "Warfarin 3mg tablets", "As directed by the clinic", 56, {"af": 0.12}),
    Medicine("0208010D0", "Enoxaparin 40mg/0.4ml injection", "40mg once a day", 7, {},
             {"broken_hip": 0.8, "hip": 0.9, "knee": 0.9, "fracture": 0.2, "birth": 0.12}),
    Medicine("0301011R0", "Salbutamol 100micrograms/dose inhaler",
             "Two puffs when required|2 puffs PRN", 1, {"asthma": 0.7, "copd": 0.7},
             {"asthma_attack": 0.8, "bronchiolitis": 0.1}),
    Medicine("0302000C0", "Beclometasone 100micrograms/dose inhaler", "Two puffs twice a day", 1,
             {"asthma": 0.5}),
    Medicine("0301020Q0", "Tiotropium 18microgram inhalation capsules", _ONCE, 30, {"copd": 0.45}),
    Medicine("0603020T0", "Prednisolone 5mg tablets",
             "Six to be taken in the morning for five days", 30,
             {"inflamed_joints": 0.25, "lungs_other": 0.2},
             {"copd_worse": 0.7, "asthma_attack": 0.7, "ibd_worse": 0.5}),
    Medicine("0501013B0", "Amoxicillin 500mg capsules", _THRICE, 21, {},
             {"chest_infection": 0.4, "pneumonia": 0.25}),
    Medicine("0501013K0", "Co-amoxiclav 500mg/125mg tablets", _THRICE, 21, {},
             {"pneumonia": 0.45, "sepsis": 0.3, "gallbladder": 0.5, "appendix": 0.5}),
    Medicine("0501030I0", "Doxycycline 100mg capsules", _ONCE, 8, {},
             {"pneumonia": 0.2, "copd_worse": 0.5}),
    Medicine("0501012G0", "Flucloxacillin 500mg capsules", "One to be taken four times a day", 28,
             {}, {"foot": 0.65, "abscess": 0.5}),
    Medicine("0501130R0", "Nitrofurantoin 100mg modified-release capsules", _TWICE, 6, {},
             {"urine": 0.4, "retention": 0.2}),
    Medicine("0501080W0", "Trimethoprim 200mg tablets", _TWICE, 6, {}, {"urine": 0.25}),
    Medicine("0407010H0", "Paracetamol 500mg tablets", _QDS, 100,
             {"osteoarthritis": 0.5, "frailty": 0.3},
             {"broken_hip": 0.8, "fall": 0.5, "fracture": 0.6, "belly_pain": 0.3, "birth": 0.5}),
    Medicine("0407020C0", "Codeine 30mg tablets", _QDS, 56, {"osteoarthritis": 0.2},
             {"fracture": 0.45, "back": 0.5, "hip": 0.6, "knee": 0.6, "stone": 0.4}),
    Medicine("0407020Q0", "Morphine sulfate 10mg/5ml oral solution", "5ml when required", 100,
             {"secondaries": 0.5}, {"sickle_crisis": 0.8, "cancer_worse": 0.6, "broken_hip": 0.3}),
    Medicine("1001010J0", "Ibuprofen 400mg tablets", _THRICE, 84, {"osteoarthritis": 0.15},
             {"fracture": 0.2, "birth": 0.35, "tonsils": 0.4}),
    Medicine("0103050P0", "Omeprazole 20mg capsules", _ONCE, 28,
             {"stomach": 0.6, "ihd": 0.25}, {"gut_bleed": 0.8}),
    Medicine("0103050L0", "Lansoprazole 30mg capsules", _ONCE, 28, {"stomach": 0.3}),
    Medicine("0602010V0", "Levothyroxine 100microgram tablets", "One to be taken before breakfast",
             28, {"thyroid": 0.75}),
    Medicine("0403030Q0", "Sertraline 50mg tablets", _ONCE, 28,
             {"depression": 0.4, "anxiety": 0.3}),
    Medicine("0403030D0", "Citalopram 20mg tablets", _ONCE, 28, {"depression": 0.25}),
    Medicine("0403040X0", "Mirtazapine 15mg tablets", _NIGHT, 28,
             {"depression": 0.2, "dementia": 0.1}),
    Medicine("0403010B0", "Amitriptyline 10mg tablets", _NIGHT, 28,
             {"nerves_other": 0.3, "osteoarthritis": 0.08}),
    Medicine("0402010C0", "Clozapine 100mg tablets", _NIGHT, 28, {"psychosis": 0.12}),
    Medicine("040201060", "Olanzapine 10mg tablets", _NIGHT, 28, {"psychosis": 0.45}),
    Medicine("0402030K0", "Lithium carbonate 400mg modified-release tablets", _NIGHT, 28,
             {"psychosis": 0.1}),
    Medicine("0411000D0", "Donepezil 10mg tablets", _NIGHT, 28, {"dementia": 0.35}),
    Medicine("0411000G0", "Memantine 10mg tablets", _ONCE, 28, {"dementia": 0.2}),
    Medicine("0408010H0", "Lamotrigine 100mg tablets", _TWICE, 56, {"epilepsy": 0.4}),
    Medicine("0408010A0", "Levetiracetam 500mg tablets", _TWICE, 60, {"epilepsy": 0.45},
             {"fits": 0.4}),
    Medicine("0408010W0", "Sodium valproate 500mg gastro-resistant tablets", _TWICE, 56,
             {"epilepsy": 0.15}),
    Medicine("0704010U0", "Tamsulosin 400microgram capsules", _ONCE, 30, {"prostate_large": 0.6},
             {"retention": 0.5, "stone": 0.4}),
    Medicine("0604020C0", "Finasteride 5mg tablets", _ONCE, 28, {"prostate_large": 0.3}),
    Medicine("0803041S0", "Tamoxifen 20mg tablets", _ONCE, 30, {"breast": 0.35}),
    Medicine("0803041L0", "Letrozole 2.5mg tablets", _ONCE, 28, {"breast": 0.35}),
    Medicine("0606020A0", "Alendronic acid 70mg tablets", "One to be taken once a week", 4,
             {"bones_thin": 0.6}, {"broken_hip": 0.4}),
    Medicine("1001030U0", "Methotrexate 2.5mg tablets", "Six to be taken once a WEEK", 24,
             {"inflamed_joints": 0.35, "skin": 0.03}),
    Medicine("1001040C0", "Allopurinol 100mg tablets", _ONCE, 28, {"inflamed_joints": 0.25}),
    Medicine("0105010B0", "Mesalazine 800mg gastro-resistant tablets", _THRICE, 84, {"ibd": 0.5}),
    Medicine("0410030C0", "Methadone 1mg/ml oral solution", "60ml once a day, supervised", 840,
             {"drugs": 0.4}),
    Medicine("0906026M0", "Thiamine 100mg tablets", _TWICE, 56, {"alcohol": 0.55},
             {"withdrawal": 0.85}),
    Medicine("0901020G0", "Folic acid 5mg tablets", _ONCE, 28,
             {"sickle_cell": 0.8, "thalassaemia": 0.3, "inflamed_joints": 0.2}),
    Medicine("1304000H0", "Hydrocortisone 1% cream", "Apply thinly twice a day", 30,
             {"skin": 0.5}),
    Medicine("0409010N0", "Co-careldopa 25mg/100mg tablets", _THRICE, 84, {"parkinson": 0.85}),
    Medicine("0410020B0", "Nicotine 21mg/24hours patches", "Apply one a day", 14,
             {"smoking": 0.06}, {"copd_worse": 0.08}),
    Medicine("0106040M0", "Macrogol compound oral powder sachets", "One or two a day", 30,
             {"frailty": 0.35, "parkinson": 0.3}, {"belly_pain": 0.15}),
    Medicine("0406000T0", "Ondansetron 4mg tablets", "One when required", 10, {},
             {"chemotherapy": 0.12, "belly_pain": 0.2}),
)  # fmt: skip


@dataclass(frozen=True)
class Test:
    """A laboratory test: how it is spread among people and what moves it.

    `log`: the value is log-normal; then spreads and shifts are on the log scale.
    """

    loinc: str
    name: str
    unit: str
    median: float
    between: float
    within: float
    decimals: int
    low: float
    high: float
    log: bool = False
    man: float = 0.0
    """What being a man adds."""
    age: float = 0.0
    """What each year above 50 adds."""
    shift: dict[str, float] = field(default_factory=dict)
    """What each condition adds."""
    acute: float = 0.0
    """What a stay for an infection or sudden illness adds."""
    floor: float = -np.inf
    ceiling: float = np.inf
    """Where high values level off, in the unit of the test."""


PANELS: dict[str, tuple[Test, ...]] = {
    "kidneys": (
        Test("2951-2", "Sodium", "mmol/L", 139.5, 1.5, 1.8, 0, 133, 146, age=-0.03,
             shift={"heart_failure": -1.6, "liver": -2.0, "alcohol": -1.5}, acute=-1.6, floor=104),
        Test("2823-3", "Potassium", "mmol/L", 4.3, 0.22, 0.3, 1, 3.5, 5.3, age=0.003,
             shift={"kidney": 0.25, "dialysis": 0.55, "heart_failure": 0.1}, floor=1.8),
        Test("14682-9", "Creatinine", "umol/L", 4.21, 0.16, 0.11, 0, 45, 104, True, 0.26, 0.0035,
             {"kidney": 0.55, "dialysis": 1.5, "heart_failure": 0.12, "frailty": -0.06}, 0.09,
             ceiling=2_200),
        Test("22664-7", "Urea", "mmol/L", 1.6, 0.18, 0.2, 1, 2.5, 7.8, True, 0.06, 0.008,
             {"kidney": 0.5, "dialysis": 1.1, "heart_failure": 0.2}, 0.14),
    ),
    "blood": (
        Test("718-7", "Haemoglobin", "g/L", 133, 8.5, 6.0, 0, 115, 165, False, 14, -0.22,
             {"kidney": -9, "dialysis": -22, "sickle_cell": -48, "thalassaemia": -26,
              "blood_cancer": -22, "bowel": -13, "secondaries": -16, "liver": -7, "ibd": -7}, -6,
             floor=38),
        Test("6690-2", "White cells", "10*9/L", 1.95, 0.2, 0.2, 1, 4.0, 11.0, True, 0.0, 0.0,
             {"smoking": 0.12, "blood_cancer": 0.25}, 0.34),
        Test("777-3", "Platelets", "10*9/L", 5.52, 0.2, 0.12, 0, 150, 400, True, -0.07, -0.002,
             {"liver": -0.45, "alcohol": -0.15, "blood_cancer": -0.35, "ibd": 0.1}, 0.05),
    ),
    "inflammation": (
        Test("1988-5", "C reactive protein", "mg/L", 1.0, 0.8, 0.8, 0, 0, 5, True, 0.0, 0.01,
             {"obesity": 0.5, "inflamed_joints": 0.7, "ibd": 0.6, "secondaries": 1.3}, 1.7,
             ceiling=460),
    ),
    "liver": (
        Test("1742-6", "Alanine aminotransferase", "U/L", 3.0, 0.35, 0.3, 0, 0, 41, True, 0.22,
             -0.006, {"liver": 0.6, "alcohol": 0.45, "obesity": 0.2, "diabetes2": 0.12}, 0.12),
        Test("6768-6", "Alkaline phosphatase", "U/L", 4.35, 0.25, 0.15, 0, 30, 130, True, 0.03,
             0.002, {"liver": 0.35, "secondaries": 0.5}, 0.08),
        Test("1751-7", "Albumin", "g/L", 42.5, 2.2, 2.0, 0, 35, 50, False, 0.6, -0.07,
             {"liver": -4.5, "frailty": -2.5, "secondaries": -5, "kidney": -1.5}, -5.5, 10),
        Test("14631-6", "Bilirubin", "umol/L", 2.1, 0.4, 0.25, 0, 0, 21, True, 0.25, 0.0,
             {"liver": 0.7, "sickle_cell": 1.1}, 0.1),
    ),
    "sugar": (
        Test("59261-8", "Haemoglobin A1c (IFCC)", "mmol/mol", 3.60, 0.07, 0.05, 0, 20, 41, True,
             0.0, 0.0016,
             {"diabetes2": 0.42, "diabetes1": 0.56, "obesity": 0.04, "sickle_cell": -0.15}),
        Test("14749-6", "Glucose", "mmol/L", 1.65, 0.1, 0.12, 1, 3.0, 7.8, True, 0.0, 0.001,
             {"diabetes2": 0.5, "diabetes1": 0.62}, 0.08),
    ),
    "lipids": (
        Test("14647-2", "Cholesterol", "mmol/L", 5.1, 0.85, 0.4, 1, 0, 5.0, False, -0.2, 0.004,
             {"lipids": 0.7, "ihd": -0.9, "diabetes2": -0.5}, floor=1.4),
        Test("14646-4", "HDL cholesterol", "mmol/L", 0.38, 0.22, 0.1, 1, 1.0, 2.5, True, -0.2,
             0.001, {"diabetes2": -0.15, "obesity": -0.12}),
        Test("14927-8", "Triglyceride", "mmol/L", 0.3, 0.4, 0.22, 1, 0, 1.7, True, 0.12, 0.0,
             {"diabetes2": 0.35, "obesity": 0.25, "alcohol": 0.2}),
    ),
    "thyroid": (
        Test("3016-3", "Thyroid stimulating hormone", "mU/L", 0.6, 0.5, 0.25, 2, 0.27, 4.2, True,
             0.0, 0.002, {"thyroid": 0.5}),
    ),
    "heart": (
        Test("33762-6", "NT-proBNP", "ng/L", 4.5, 0.7, 0.35, 0, 0, 400, True, -0.15, 0.035,
             {"heart_failure": 2.4, "af": 1.2, "kidney": 0.6}, 0.4, ceiling=45_000),
    ),
    "prostate": (
        Test("2857-1", "Prostate specific antigen", "ug/L", 0.1, 0.7, 0.2, 1, 0, 4.0, True, 0.0,
             0.03, {"prostate": 1.9, "prostate_large": 0.7}),
    ),
    "clotting": (
        Test("6301-6", "International normalised ratio", "ratio", 0.05, 0.06, 0.06, 1, 0.8, 1.2,
             True, 0.0, 0.0, {"liver": 0.2, "af": 0.22}),
    ),
    "iron": (
        Test("2276-4", "Ferritin", "ug/L", 4.1, 0.8, 0.25, 0, 15, 300, True, 0.6, 0.01,
             {"ibd": -0.5, "liver": 0.6, "sickle_cell": 1.2, "thalassaemia": 1.2, "kidney": 0.3},
             0.4),
    ),
}  # fmt: skip

ROUTINE: dict[str, tuple[float, dict[str, float]]] = {
    "kidneys": (0.22, {"kidney": 2.2, "heart_failure": 1.2, "hypertension": 0.45, "diabetes2": 0.5,
                       "dialysis": 9.0}),
    "blood": (0.24, {"kidney": 0.8, "blood_cancer": 4.0, "sickle_cell": 3.0, "inflamed_joints": 0.8,
                     "secondaries": 3.0, "ibd": 1.0}),
    "inflammation": (0.06, {"inflamed_joints": 1.2, "ibd": 1.2}),
    "liver": (0.14, {"liver": 1.4, "inflamed_joints": 0.7, "alcohol": 0.5, "secondaries": 1.2}),
    "sugar": (0.10, {"diabetes2": 1.1, "diabetes1": 1.8, "obesity": 0.12}),
    "lipids": (0.06, {"lipids": 0.5, "diabetes2": 0.5, "ihd": 0.4}),
    "thyroid": (0.09, {"thyroid": 0.9}),
    "heart": (0.01, {"heart_failure": 0.5}),
    "prostate": (0.0, {"prostate": 1.6, "prostate_large": 0.35}),
    "clotting": (0.02, {"af": 0.7, "liver": 0.4}),
    "iron": (0.06, {"ibd": 0.5, "womb": 0.25, "kidney": 0.3, "sickle_cell": 1.0}),
}  # fmt: skip
"""Specimens a year taken in clinics: from everybody, and more from people with a condition."""

ON_ADMISSION: dict[str, float] = {
    "kidneys": 0.38, "blood": 0.38, "inflammation": 0.28, "liver": 0.14, "sugar": 0.06,
    "heart": 0.03,
    "clotting": 0.10, "thyroid": 0.02, "iron": 0.02,
}  # fmt: skip
"""Share of emergency episodes with a specimen of each panel on the first day."""
EVERY_NIGHTS = 14.0
"""A further kidney and blood panel for each so many nights."""
