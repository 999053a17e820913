"""The closed table of error codes, by room.

A code is never reused for another meaning; a code that is no longer raised moves to `RETIRED`.
The documentation page `docs/reference/error-codes.md` is generated from this table.
"""

from __future__ import annotations

FOUNDATION = {
    "CW-JSON-INVALID": "A JSON text is broken, too large, too deep, or names a key twice.",
    "CW-YAML-INVALID": "A YAML text is broken, too large, or uses anchors, tags or double keys.",
    "CW-CANONICAL-INVALID": "A value cannot be written as canonical JSON (RFC 8785).",
    "CW-NHS-NUMBER-INVALID": "An NHS number has the wrong length, check digit or range.",
    "CW-SEAL-BROKEN": "A sealed file was changed, cut short, or opened with the wrong key.",
    "CW-FILE-MISSING": "A file or folder that was named does not exist.",
    "CW-FILE-EXISTS": "A file or folder is already there and will not be overwritten.",
    "CW-FILE-ENCODING": "A text file is not valid UTF-8.",
    "CW-FILE-TOO-LARGE": "A document is larger than its limit.",
    "CW-DISK-FULL": "The disk is full; nothing was changed.",
    "CW-FOLDER-READONLY": "A folder cannot be written to.",
    "CW-FILE-FAILED": "The operating system could not read or write a file.",
    "CW-BUSY": "Another run is working on the same thing.",
}

TABLES = {
    "CW-ENGINE-UNAVAILABLE": "The table engine cannot run with the safeguards it needs.",
    "CW-ENGINE-FAILED": "The table engine could not finish a step.",
    "CW-ENGINE-SETTING": "The setting for the table engine's memory is not an amount of memory.",
    "CW-ENGINE-MEMORY": "A step on tables needs more memory than it may use.",
}

SOURCES = {
    "CW-SOURCE-KIND": "A source is of a kind that is not known, or used in a wrong way.",
    "CW-SOURCE-EMPTY": "A source holds no table, or a file holds nothing at all.",
    "CW-SOURCE-NAMES": "Names of tables or columns are empty, doubled or unusable.",
    "CW-SOURCE-ENCODING": "A file is not text in the declared encoding, or holds NUL bytes.",
    "CW-SOURCE-MALFORMED": "A file breaks the rules of its format, such as a row of wrong length.",
    "CW-SOURCE-CELL": "A cell is longer than a cell may be.",
    "CW-SOURCE-STORAGE": "A column is stored in a way that cannot be read as its declared type.",
    "CW-SOURCE-UNKNOWN": "A table or column is not in the source.",
    "CW-SOURCE-UNREACHABLE": "A database cannot be reached or refused the sign-in.",
    "CW-SOURCE-CHANGED": "A source changed while it was being read.",
    "CW-SOURCE-FAILED": "A database gave up while its tables were being read.",
}

PAPERS = {
    "CW-PAPER-INVALID": "A paper does not have the form it must have.",
    "CW-FORM-UNKNOWN": "A form is not in the closed list, or its numbers cannot be used.",
    "CW-CATALOGUE-INVALID": "A catalogue does not have the form it must have.",
    "CW-CATALOGUE-UNKNOWN": "A dataset, table or variable is not in the catalogue.",
    "CW-SIGNATURE-INVALID": "A signature is broken or does not match the content.",
    "CW-SIGNATURE-UNTRUSTED": "Too few people who may sign this paper have signed it.",
    "CW-SIGNATURE-RETIRED": "A paper is signed by a retired key and was not on the ledger before.",
    "CW-SIGNATURE-COMPROMISED": "A paper needs a signature by a key that others may hold.",
    "CW-PERMIT-INVALID": "A permit does not have the form it must have.",
    "CW-PERMIT-TRANSITION": "A permit in this state cannot take this step.",
    "CW-PERMIT-PURPOSE": "The purpose is one for which patient data are never used.",
    "CW-PERMIT-PERIOD": "The dates of a permit do not fit together.",
    "CW-PERMIT-STATUS-OTHER": "The status shown is about another permit.",
    "CW-PERMIT-STATUS-STALE": "The permit's status is too old, or from the future.",
    "CW-PERMIT-DRAFTED": "The permit has not been issued.",
    "CW-PERMIT-ANNOUNCED": "There is still time for people to say no.",
    "CW-PERMIT-PAUSED": "The permit is paused.",
    "CW-PERMIT-SUSPENDED": "The permit is suspended.",
    "CW-PERMIT-SUPERSEDED": "The permit was replaced by a newer one.",
    "CW-PERMIT-REVOKED": "The permit was revoked.",
    "CW-PERMIT-CLOSED": "The project has ended.",
    "CW-PERMIT-EXPIRED": "The permit has passed its end date.",
    "CW-PERMIT-NOT-YET": "The permit has not begun.",
    "CW-PERMIT-CAG-REVIEW": "Section 251 support is overdue for review.",
    "CW-PERMIT-DETERMINATION-EXPIRED": "The decision about the national opt-out has run out.",
    "CW-PERMIT-ACTION": "The permit does not allow this kind of work.",
    "CW-PERMIT-PERSON": "The person is not named in the permit.",
    "CW-PERMIT-UNKNOWN-VARIABLE": "The permit names something the catalogue does not have.",
    "CW-PERMIT-ROLE-MISSING": "A variable has no declared role.",
    "CW-PERMIT-DIRECT-IDENTIFIER": "A direct identifier or key was asked for as it is.",
    "CW-PERMIT-NO-PERSON": "A variable about people lies in a table without a link to the person.",
    "CW-PERMIT-GENOMIC": "Genomic data need naming in the permit.",
    "CW-PERMIT-PSEUDONYM-PLACE": "A pseudonym was asked for where there is no person key.",
    "CW-PERMIT-FORM-NOT-BUILT": "The form belongs to a part of Commonweal that is not built yet.",
    "CW-PERMIT-FORM-NOT-OFFERED": "The catalogue does not offer the variable in this form.",
    "CW-PERMIT-DATE-FORMS": "Date forms that give each other away were mixed.",
    "CW-PERMIT-COHORT": "The cohort could single out people, or asks what a column cannot say.",
    "CW-PERMIT-CAG-DECIDER": "Section 251 support was given by an office that could not give it.",
    "CW-PERMIT-CAG-ITEMS": "A variable is not covered by the section 251 support.",
    "CW-PERMIT-CATALOGUE-CHANGED": "The catalogue has changed since the permit was issued.",
}

LEDGER = {
    "CW-LEDGER-MISSING": "There is no ledger where one is expected.",
    "CW-LEDGER-BROKEN": "The ledger's database is damaged or was changed.",
    "CW-LEDGER-BUSY": "Another process is holding the ledger for too long.",
    "CW-LEDGER-REWOUND": "The ledger is older than, or differs from, what was already signed.",
    "CW-LEDGER-EVENT-INVALID": "An event is not in the closed list, or has a wrong field.",
    "CW-LEDGER-NO-POLICY": "The ledger does not begin with the trust policy.",
    "CW-LEDGER-STATE": "An event does not fit the state of its permit.",
    "CW-LEDGER-NOT-PROVABLE": "No signed checkpoint covers the entry yet.",
    "CW-LEDGER-PROOF-INVALID": "A Merkle proof does not prove what it says.",
    "CW-LEDGER-NOTE-INVALID": "A signed note, checkpoint, proof file or key is badly formed.",
    "CW-LEDGER-SIGNATURE-INVALID": "No trusted key signed a note, or a known key's line is wrong.",
    "CW-LEDGER-DETAIL-INVALID": "Sealed details cannot be opened or do not match their entry.",
    "CW-LEDGER-DETAIL-ERASED": "The details of this entry were erased.",
    "CW-LEDGER-MEMBERSHIP-INVALID": "A membership proof or list is badly formed or does not hold.",
    "CW-LEDGER-POLICY-INVALID": "A policy of witnesses (tlog-policy) is badly formed.",
    "CW-LEDGER-CHAIN-INVALID": "A chain does not lead from one key of the ledger to the next.",
    "CW-LEDGER-QUORUM": "Fewer witnesses signed a checkpoint than the policy asks for.",
    "CW-LEDGER-SPLIT": "A witness has seen another or a longer log under this ledger's name.",
    "CW-LEDGER-COSIGNATURE-TIME": "A witness's signature carries a time that cannot be right.",
    "CW-LEDGER-WITNESS-REFUSED": "A witness answered and did not sign.",
    "CW-LEDGER-WITNESS-UNREACHABLE": "A witness does not answer, or cannot sign now.",
    "CW-LEDGER-WITNESS-URL": "The address of a witness is not one that may be used.",
    "CW-LEDGER-TILES-INVALID": "A folder of tiles is not what the signed checkpoint says.",
    "CW-PERMIT-NOT-LIVE": "The permit is not in a state that allows this.",
    "CW-CLOCK-BEHIND": "The clock is behind the last time in the ledger.",
}

KEYS = {
    "CW-HOME-INVALID": "A folder is not a Commonweal home, or its description is broken.",
    "CW-HOME-VERSION": "A home was made by another version of Commonweal.",
    "CW-HOME-NOT-EMPTY": "A new or restored home needs an empty folder.",
    "CW-HOME-OPEN-TO-OTHERS": "A home can be entered by others, or belongs to someone else.",
    "CW-ROOT-STORE-PLACE": "The root key's folder is not empty, or lies inside the home.",
    "CW-KEY-UNAVAILABLE": "The root key, or something kept beside it, cannot be used.",
    "CW-KEY-NAME": "A key or its project has a name that it may not have.",
    "CW-KEY-PURPOSE": "The purpose of a key is unknown or does not fit its project.",
    "CW-KEY-EXISTS": "There is a key of this name already, or there was one.",
    "CW-KEY-UNKNOWN": "There is no key of this name.",
    "CW-KEY-DESTROYED": "The key was destroyed.",
    "CW-KEY-BROKEN": "A key record was changed or is cut short.",
    "CW-KEY-USE": "A key was asked for something that is not its purpose.",
    "CW-KEY-ROTATION": "A key of this purpose is never replaced by a new version.",
    "CW-KEY-APPROVAL": "The destruction of a key lacks the approval of two people.",
    "CW-FENCE-STATE": "The fence does not know this state of a permit.",
    "CW-BACKUP-BROKEN": "A backup was changed, cut short, or is not a backup.",
    "CW-BACKUP-PLACE": "A backup cannot be written inside the home or the root key's folder.",
    "CW-BACKUP-CHANGED": "A file changed while it was being backed up.",
}

CHOICES = {
    "CW-CHOICES-LEGAL-BASIS": "The decision about the national opt-out needs another legal basis.",
    "CW-CHOICES-PURPOSE": "The decision about the national opt-out does not fit the purposes.",
    "CW-CHOICES-EVIDENCE": "The decision about the national opt-out lacks evidence it must carry.",
    "CW-CHOICES-CAG-REFERENCE": "An exemption by CAG does not name CAG's reference.",
    "CW-CHOICES-NOT-YET": "A decision about choices is dated in the future.",
    "CW-CHOICES-AGE-LIMIT": "The limit for the age of the list is not from 1 to 21 days.",
    "CW-CHOICES-FOLDER-MISSING": "There is no choices folder where one is named.",
    "CW-CHOICES-OBJECTIONS-MISSING": "The choices folder has no objections.csv, or it is blank.",
    "CW-CHOICES-OBJECTIONS-INVALID": "The file objections.csv does not have the form it must have.",
    "CW-CHOICES-IDENTIFIER": "An identifier in objections.csv cannot be matched to people.",
    "CW-CHOICES-LIST-MISSING": "The national list, which this permit needs, is not there.",
    "CW-CHOICES-LIST-RECORD": "The form of national_allowed.json is not the one it must have.",
    "CW-CHOICES-LIST-STALE": "The national list is too old.",
    "CW-CHOICES-LIST-FUTURE": "The national list is dated in the future.",
    "CW-CHOICES-LIST-BEFORE-RESTORE": "The national list is older than the restored backup.",
    "CW-CHOICES-LIST-TRUNCATED": "The national list is cut short or is not the one recorded.",
    "CW-CHOICES-LIST-INVALID": "The national list is not a list as the service answers.",
    "CW-CHOICES-LIST-SERVICE-ERROR": "The national list is an error answer of the service.",
    "CW-CHOICES-LIST-INCOMPLETE": "People were never asked about in the national list.",
    "CW-CHOICES-LIST-OTHER-PEOPLE": "The national list is about other people.",
    "CW-CHOICES-PEOPLE": "A person stands more than once among the people of a release.",
}

CATALOGUE_CHECK = {
    "CW-CHECK-TABLE": "A table of the catalogue is not in the source, or the reverse.",
    "CW-CHECK-COLUMN": "A variable of the catalogue is not in the source, or the reverse.",
    "CW-CHECK-ROLE": "A variable has no role: a person must decide.",
    "CW-CHECK-UNREADABLE": "Values do not read as the type that is declared.",
    "CW-CHECK-NOT-A-NUMBER": "Values are not a number or infinite, and are read as missing.",
    "CW-CHECK-NHS-NUMBER": "Values declared as NHS numbers are not valid ones.",
    "CW-CHECK-NHS-REAL": "NHS numbers that may belong to people stand where only test ones may.",
    "CW-CHECK-PERSON-TWICE": "A person has more than one row in the table of people.",
    "CW-CHECK-PERSON-MISSING": "Rows have no person key and will be left out.",
    "CW-CHECK-ORPHAN": "Rows point to people or records that are not there.",
    "CW-CHECK-BIRTH": "Dates of birth lie in the future or before 1890.",
    "CW-CHECK-LIFE": "Deaths before birth, or events outside a person's life.",
    "CW-CHECK-RECORD-KEY": "A record key that others point to is not unique.",
    "CW-CHECK-ADMINISTRATIVE": "A date that is the same for most rows is not marked as such.",
    "CW-CHECK-HIDDEN-IDENTIFIER": "A variable holds identifiers that its role does not admit.",
    "CW-CHECK-UNIQUE": "A variable declared harmless has nearly as many values as rows.",
    "CW-CHECK-UNLINKED": "A table without a link to the person holds identifiers of people.",
    "CW-CHECK-FREE-TEXT": "A variable holds free text that its role does not admit.",
}

RISK = {
    "CW-RISK-LIMIT": "Measured risk is over a limit of the permit.",
    "CW-RISK-COLUMNS": "A risk measurement names columns that are absent, doubled or unusable.",
    "CW-RISK-PERSON-MISSING": "Rows of a table to be measured belong to no person.",
    "CW-RISK-INPUT": "A table to be measured is of a kind that cannot be read.",
    "CW-RISK-POPULATION": "A population table or its size does not fit the table to be measured.",
    "CW-RISK-WEIGHT": "Survey weights are missing, below 1, or differ within a person.",
    "CW-RISK-SUDA-SIZE": "Too many columns to look for every set that singles somebody out.",
    "CW-RISK-HIERARCHY": "A hierarchy does not hold the values of its column, or there is none.",
    "CW-RISK-SHIFT-WINDOW": "A date variable covers too short a time for the permit's shifts.",
    "CW-RISK-SHIFT-SIZE": "A date variable spans too many days, or shifts are out of range.",
}

ANONYMISE = {
    "CW-ANONYMISE-INPUT": "A table was to be generalised with settings that do not fit.",
    "CW-ANONYMISE-HIERARCHY": "A generalisation hierarchy does not have the form it must have.",
    "CW-ANONYMISE-VALUE": "A table has values that their hierarchy does not know.",
    "CW-ANONYMISE-EMPTY": "A table to be generalised has no rows.",
    "CW-ANONYMISE-POPULATION": "A population table does not hold the people of the table.",
    "CW-ANONYMISE-IMPOSSIBLE": "No generalisation of the columns holds what was asked.",
    "CW-ANONYMISE-BUDGET": "The search was ended before it found any generalisation.",
}

DEMO = {
    "CW-DEMO-USAGE": "A demonstration hospital or its choices cannot be made as asked.",
}

CUSTODY = {
    "CW-HOME-MISSING": "There is no home in the place that was named, or none was named.",
    "CW-TRUST-REFUSED": "A change of the trust policy breaks a rule, or comes too late.",
    "CW-TRUST-PENDING": "A change of the trust policy waits already, or none does.",
    "CW-TRUST-NO-BACKUP": "A key that a new trust policy names is in no backup yet.",
    "CW-TRUST-CHANGED": "The trust policy is not the one that the ledger holds.",
    "CW-PERMIT-EXISTS": "A permit with this id was issued already.",
    "CW-PERMIT-UNKNOWN": "The ledger does not know this permit.",
    "CW-PERMIT-NOT-ISSUED": "The permit is not the paper that the ledger says was issued.",
    "CW-PERMIT-REASON": "The reason for a step is not in the closed list, or cannot be given.",
    "CW-HOME-INCOMPLETE": "The making of a home was cut off, or its trust policy was taken away.",
    "CW-HOME-SEPARATION": "Nobody has accepted for real data that rooms are not kept apart.",
    "CW-HOME-SAY-NO": "A home for real data must leave people time to say no.",
    "CW-CATALOGUE-NOT-KEPT": "No catalogue that passed its check has the dataset.",
}

CLI = {
    "CW-INTERNAL": "Something went wrong inside Commonweal that it does not know about.",
    "CW-USAGE": "A command was given with wrong arguments.",
    "CW-NOT-BUILT": "This belongs to a part of Commonweal that is not built yet.",
    "CW-INTERRUPTED": "The command was interrupted.",
}

RELEASE = {
    "CW-RELEASE-UNREADABLE": "Values of a source do not read as the catalogue declares.",
    "CW-RELEASE-DUPLICATE-PEOPLE": "A person has more than one row in the person table.",
    "CW-RELEASE-NOBODY": "After people's choices nobody is left to release.",
    "CW-RELEASE-MISSING": "There is no release in the folder that was named.",
    "CW-RELEASE-DELIVERY": "The permit does not let the data be put elsewhere.",
    "CW-RELEASE-INCONSISTENT": "Two parts of a build disagree; nothing was released.",
    "CW-RELEASE-CHANGED": "A file of a release is missing, added or changed.",
    "CW-RELEASE-NOT-WHOLE": "A release was changed and is therefore not opened.",
    "CW-RELEASE-NOT-ON-LEDGER": "The ledger does not know this release.",
    "CW-RELEASE-SUPERSEDED": "A newer release of the permit exists.",
    "CW-RELEASE-NOT-IN-MEMORY": "The data may only be opened in memory-backed storage.",
    "CW-RELEASE-KEY-GONE": "The data key of the release was destroyed.",
    "CW-RELEASE-IS-MEMBER": "The person's record is in the release, so absence is not stated.",
    "CW-RELEASE-INTRUDER-TEST": "The permit asks for an intruder test, which cannot be made yet.",
    "CW-RELEASE-CHOICES-OLD": "The choices in a release are older than their limit.",
    "CW-RELEASE-ABSENCE-UNSURE": "Absence cannot be stated for this identifier.",
    "CW-RELEASE-PLAN-LIMIT": "The permit's releases were planned too often today.",
    "CW-RELEASE-OTHER-PERMIT": "The release was made under another permit.",
    "CW-COHORT-VALUE": "A value in a cohort does not fit its variable.",
    "CW-HOME-DEMO-REAL": "A demonstration home was given NHS numbers that could be real.",
    "CW-PERMIT-RESTRICTED-LIST": "The permit names a restricted code list that does not exist.",
}

CODES: dict[str, str] = {
    **CATALOGUE_CHECK,
    **FOUNDATION,
    **PAPERS,
    **TABLES,
    **SOURCES,
    **LEDGER,
    **KEYS,
    **CHOICES,
    **RISK,
    **ANONYMISE,
    **CUSTODY,
    **CLI,
    **RELEASE,
    **DEMO,
}

RETIRED: dict[str, str] = {
    "CW-RISK-NOT-BUILT": "A risk measure belonged to a part of Commonweal that was not built yet.",
}
