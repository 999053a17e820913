"""Narrative sections as forms: questions and answers as data, edited without code.

`schema` says what a form is, `answers` what was filled in, `library` holds our own forms, `fhir`
carries both to and from FHIR R4. Saving is never blocked here; only sending is.
"""
