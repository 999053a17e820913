"""The agreement for one project: drafted from the decision, accepted by both sides, countersigned.

After the committee's yes, the Caldicott Guardian and the Senior Information Risk Owner countersign
(P2), in either order and as two people. Each may pause or refuse with published reasons; neither
can approve what the committee refused, because an agreement is only ever made from a yes.
"""

from __future__ import annotations

from commonweal.governance.states.machine import from_each, machine, step
from commonweal.governance.states.parties import OFFICERS

_COUNTERSIGNING = ("with_officers", "guardian_signed", "siro_signed")

AGREEMENT = machine(
    "agreement",
    "agreement",
    states=(
        ("drafted", "custodian", "The agreement is being drafted from the decision."),
        ("offered", "applicant", "The agreement has been offered to the applicant's side."),
        ("accepted_by_applicant", "custodian", ("The applicant's side has accepted; the "
         "hospital's signatory is next.")),
        ("with_officers", "officers", ("Both sides have accepted; the Caldicott Guardian and the "
         "Senior Information Risk Owner countersign next.")),
        ("guardian_signed", "officers", "The Caldicott Guardian has countersigned."),
        ("siro_signed", "officers", "The Senior Information Risk Owner has countersigned."),
        ("paused", "officers", "An officer has stopped the countersigning for now."),
        ("countersigned", "system", "Both officers have countersigned; the permit is made next."),
        ("in_force", "system", "The agreement is in force: its permit has been made."),
        ("refused_by_officer", "nobody", "An officer has refused, with published reasons."),
        ("replaced", "nobody", "A newer agreement has taken its place."),
        ("ended", "nobody", "The agreement has ended with its project."),
        ("withdrawn", "nobody", "The agreement was taken back before it was in force."),
        ("lapsed", "nobody", "The offer was not accepted in time."),
    ),
    steps=(
        step("offer", "drafted", "offered", ["ig_officer"], "Offer the agreement.",
             "made_from_decision"),
        step("ask_for_change", "offered", "drafted",
             ["applicant", "signatory_applicant"], "Ask for a change of wording."),
        step("accept", "offered", "accepted_by_applicant", ["signatory_applicant"],
             "Accept for the applicant's side.", "named_signatory"),
        step("accept_internal_terms", "offered", "with_officers", ["signatory_custodian"],
             "Accept the internal terms of a project of the hospital's own.", "internal_terms"),
        step("accept", "accepted_by_applicant", "with_officers", ["signatory_custodian"],
             "Accept for the hospital.", "named_signatory"),
        step("countersign_as_guardian", "with_officers", "guardian_signed",
             ["caldicott_guardian"], "Countersign as Caldicott Guardian.", "made_from_decision"),
        step("countersign_as_siro", "with_officers", "siro_signed", ["siro"],
             "Countersign as Senior Information Risk Owner.", "made_from_decision"),
        step("countersign_as_siro", "guardian_signed", "countersigned", ["siro"],
             "Countersign as Senior Information Risk Owner.", "somebody_else"),
        step("countersign_as_guardian", "siro_signed", "countersigned", ["caldicott_guardian"],
             "Countersign as Caldicott Guardian.", "somebody_else"),
        from_each("pause", _COUNTERSIGNING, "paused", OFFICERS,
                  "Stop the countersigning for now.", "reasons_published"),
        step("go_on", "paused", "with_officers", OFFICERS,
             "Go on; both officers countersign anew.", "cause_removed"),
        from_each("refuse", (*_COUNTERSIGNING, "paused"), "refused_by_officer", OFFICERS,
                  "Refuse.", "reasons_published"),
        step("make_permit", "countersigned", "in_force", ["system"],
             "The signer has checked everything and made the permit.", "signer_agreed"),
        step("stop", "countersigned", "paused", OFFICERS,
             "Stop before the permit is made.", "reasons_published"),
        step("replace", "in_force", "replaced", ["system"], "A newer agreement is in force.",
             "ledger_says_so"),
        step("end", "in_force", "ended", ["system"], "The project has ended.", "ledger_says_so"),
        from_each("end", ("drafted", "offered", "accepted_by_applicant", *_COUNTERSIGNING, "paused",
                          "countersigned"),
                  "ended", ["system"], "The project has ended first.", "ledger_says_so"),
        step("lapse", "offered", "lapsed", ["system"],
             "The offer was not accepted in time.", "offer_time_over"),
        from_each("withdraw", ("drafted", "offered", "accepted_by_applicant", *_COUNTERSIGNING,
                               "paused"),
                  "withdrawn", ["applicant", "signatory_applicant", "signatory_custodian"],
                  "Take the agreement back."),
    ),
)  # fmt: skip
