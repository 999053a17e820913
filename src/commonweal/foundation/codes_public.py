"""The error codes of texts for the public and of concerns: a part of the table in `codes.py`."""

from __future__ import annotations

PUBLIC = {
    "CW-NOTICE-DAY": "A text for the public is about a day in the future.",
    "CW-NOTICE-PROJECT": "A text for the public names no project that the public can look up.",
    "CW-NOTICE-OUTPUT": "A text for the public cites no output that was released.",
    "CW-NOTICE-CHANGED": "Somebody else has written on a text for the public meanwhile.",
    "CW-NOTICE-REASONS": "Reasons that nobody else looks at hold what a person must look at.",
    "CW-CONCERN-KEY": "No concern has this number and this code.",
    "CW-ALERT-MANY": "More addresses came within an hour than the page takes.",
    "CW-CONCERN-MANY": "More concerns came within an hour than the page takes.",
    "CW-WEB-KEY-LOST": "The key of words that are sealed in the service's records is missing.",
    "CW-PAGES-FILE": "A file of a public page cannot be used.",
    "CW-PAGES-CONTACTS": "The file with the hospital's contacts cannot be used.",
    "CW-OVERSIGHT-GROUP": "The home's record of the oversight group cannot be read.",
    "CW-OVERSIGHT-TEXT": "Words about a member's interests cannot be saved or published so.",
    "CW-MYDATA-SEAL": "A sealed order or answer was changed, or is for another key or purpose.",
    "CW-MYDATA-PROVIDER": "What is said of a provider of identity cannot be believed.",
    "CW-MYDATA-TOKEN": "A sign-in cannot be read, or is not validly signed by the provider.",
    "CW-MYDATA-PARTY": "A sign-in is from another provider or for another service.",
    "CW-MYDATA-NONCE": "A sign-in belongs to another browser or another visit.",
    "CW-MYDATA-STALE": "A sign-in is too old, from the future, or does not say when it was made.",
    "CW-MYDATA-LEVEL": "The identity of a person was not proved at the level that is needed.",
    "CW-MYDATA-KEY": "An order of a signed-in person is sealed to a key that is not in use.",
    "CW-MYDATA-ORDER": "An order of a signed-in person does not have the form of one.",
    "CW-MYDATA-TRIES": "Somebody asked about their own record too often within an hour.",
    "CW-MYDATA-AGE": "Somebody is too young to choose alone on the page.",
    "CW-MYDATA-SIZE": "There are more releases than one answer can hold.",
    "CW-MYDATA-PERSON": "A sign-in does not say whose it is in a way that can be used.",
}
