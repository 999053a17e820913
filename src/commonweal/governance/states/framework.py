"""The framework contract of an organisation: offered, accepted by both sides, in force.

No project's agreement stands without one. It gives no data, so nobody countersigns it; whether its
days are over is read off the contract itself.
"""

from __future__ import annotations

from commonweal.governance.states.machine import from_each, machine, step

FRAMEWORK = machine(
    "framework",
    "framework contract",
    states=(
        ("drafted", "custodian", "The framework contract is being drafted."),
        ("offered", "applicant", "The framework contract has been offered to the organisation."),
        ("accepted_by_applicant", "custodian", ("The organisation has accepted; the hospital's "
         "signatory is next.")),
        ("in_force", "system", "The framework contract is in force until its last day."),
        ("replaced", "nobody", "A newer framework contract has taken its place."),
        ("withdrawn", "nobody", "The framework contract was taken back before it was in force."),
    ),
    steps=(
        step("offer", "drafted", "offered", ["ig_officer"], "Offer the framework contract."),
        step("accept", "offered", "accepted_by_applicant", ["signatory_applicant"],
             "Accept for the organisation.", "named_signatory"),
        step("accept", "accepted_by_applicant", "in_force", ["signatory_custodian"],
             "Accept for the hospital.", "named_signatory"),
        step("replace", "in_force", "replaced", ["system"],
             "A newer framework contract is in force.", "ledger_says_so"),
        from_each("withdraw", ("drafted", "offered", "accepted_by_applicant"), "withdrawn",
                  ["ig_officer", "signatory_applicant", "signatory_custodian"],
                  "Take the framework contract back."),
    ),
)  # fmt: skip
