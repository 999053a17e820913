"""The made-up people of a demonstration: somebody for each role. Nobody here exists."""

from __future__ import annotations

from dataclasses import dataclass

HOSPITAL = ("meadowbank", "Meadowbank Hospitals NHS Trust (fictional)", "custodian")
UNIVERSITY = ("university", "University of Meadowbank (fictional)", "university")
COMPANY = ("brightscan", "Brightscan Ltd (fictional)", "company")
ANOTHER_COMPANY = ("clearwell", "Clearwell Data Ltd (fictional)", "company")
ANOTHER_TRUST = ("rivergate", "Rivergate Hospitals NHS Trust (fictional)", "nhs_body")
CHARITY = ("willowbank", "Willowbank Heart Charity (fictional)", "charity")
PUBLIC = ("panel", "Public panel of Meadowbank (fictional)", "other")


@dataclass(frozen=True)
class Persona:
    """One made-up person; `does` says in plain words what they are there for."""

    id: str
    name: str
    organisation: tuple[str, str, str]
    roles: tuple[str, ...]
    does: str


PEOPLE: tuple[Persona, ...] = (
    Persona("amara", "Amara Okafor", UNIVERSITY, ("applicant",), "asks for data for a study"),
    Persona("bethan", "Bethan Price", UNIVERSITY, ("co_applicant",), "writes the application with her"),
    Persona("bronwen", "Bronwen Evans", CHARITY, ("applicant",), "asks for data for a charity"),
    Persona("declan", "Declan Byrne", CHARITY, ("signatory_applicant",), "signs for the charity"),
    Persona("ewan", "Ewan Fraser", ANOTHER_TRUST, ("applicant",), "asks for data for another hospital"),
    Persona("fiona", "Fiona Clarke", ANOTHER_TRUST, ("signatory_applicant",), "signs for the other hospital"),
    Persona("gita", "Gita Sharma", COMPANY, ("signatory_applicant",), "signs for the company"),
    Persona("henry", "Henry Cole", ANOTHER_COMPANY, ("applicant",), "asks for data for a company that was refused"),
    Persona("noor", "Noor Rahman", HOSPITAL, ("applicant",), "asks for data for the hospital's own work"),
    Persona("colin", "Colin Marsh", UNIVERSITY, ("signatory_applicant",), "signs for the university"),
    Persona("divya", "Divya Nair", COMPANY, ("applicant",), "asks for data for a company"),
    Persona("edward", "Edward Shaw", HOSPITAL, ("ig_officer",), "checks that an application is complete and lawful"),
    Persona("farah", "Farah Aziz", HOSPITAL, ("data_manager",), "makes data ready under a permit"),
    Persona("grace", "Grace Adeyemi", HOSPITAL, ("committee_chair",), "chairs the committee"),
    Persona("hamish", "Hamish Reid", HOSPITAL, ("committee_member",), "decides as a doctor on the committee"),
    Persona("irene", "Irene Walsh", PUBLIC, ("committee_lay",), "decides as a member of the public"),
    Persona("jamal", "Jamal Hussain", PUBLIC, ("committee_lay",), "decides as a member of the public"),
    Persona("kate", "Kate Lindqvist", HOSPITAL, ("committee_secretary",), "runs the committee's meetings"),
    Persona("leon", "Leon Baptiste", PUBLIC, ("rapporteur",), "writes down what a public workshop says"),
    Persona("mary", "Mary Doyle", PUBLIC, ("panel_member",), "speaks on the public panel"),
    Persona("nadia", "Nadia Petrova", PUBLIC, ("facilitator",), "leads public workshops"),
    Persona("owen", "Owen Griffiths", HOSPITAL, ("caldicott_guardian",), "protects patients' information and countersigns"),
    Persona("priya", "Priya Raman", HOSPITAL, ("siro",), "answers for risk and countersigns"),
    Persona("quentin", "Quentin Hale", HOSPITAL, ("dpo",), "advises on data protection"),
    Persona("rosa", "Rosa Martins", HOSPITAL, ("information_asset_owner",), "answers for the records that are used"),
    Persona("samuel", "Samuel Osei", HOSPITAL, ("clinical_safety_officer",), "answers for the safety of AI tools"),
    Persona("tara", "Tara Singh", HOSPITAL, ("output_checker",), "checks results before they leave"),
    Persona("umar", "Umar Farouk", HOSPITAL, ("output_checker",), "checks results before they leave"),
    Persona("vera", "Vera Novak", HOSPITAL, ("signatory_custodian",), "signs for the hospital"),
    Persona("xanthe", "Xanthe Moore", HOSPITAL, ("committee_member",), "decides as a statistician on the committee"),
    Persona("yusuf", "Yusuf Demir", HOSPITAL, ("committee_member",), "decides as a nurse on the committee"),
    Persona("zofia", "Zofia Nowak", PUBLIC, ("committee_lay",), "decides as a member of the public"),
    Persona("william", "William Chen", HOSPITAL, ("clinician",), "treats patients, with AI tools among others"),
)  # fmt: skip


def persona(id_: str) -> Persona | None:
    """The made-up person called `id_`, or None."""
    return next((one for one in PEOPLE if one.id == id_), None)
