"""The error codes of people's choices: a part of the closed table in `codes.py`."""

from __future__ import annotations

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
    "CW-CHOICES-JOURNAL": "The journal of people's choices is not whole, so nothing is built.",
    "CW-CHOICES-ID": "Another choice was recorded under this id.",
    "CW-CHOICES-TAKE-BACK": "A choice that is to be taken back is not there, or not this person's.",
    "CW-CHOICES-INVALID": "A choice is not well formed, or whoever made it may not make it.",
    "CW-CHOICES-NATIONAL": "The national data opt-out cannot be recorded here.",
    "CW-CHOICES-UNKNOWN": "No choice has this number.",
    "CW-CHOICES-NO-LOSS": "No choice was lost, so there is no loss to accept.",
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
