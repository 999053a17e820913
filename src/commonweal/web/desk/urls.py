"""Addresses of the desk."""

from __future__ import annotations

from django.urls import path

from commonweal.web.desk.views import advice, after, asking, assessment, cases, documents

app_name = "desk"
_ONE = "<slug:reference>/"
urlpatterns = [
    path("", cases.index, name="index"),
    path(f"{_ONE}", cases.case, name="case"),
    path(f"{_ONE}versions/<place:number>/", cases.version, name="version"),
    path(f"{_ONE}versions/<place:number>/print/", cases.version_page, name="version_print"),
    path(f"{_ONE}versions/<place:number>/word/", cases.version_word, name="version_word"),
    path(f"{_ONE}changes/<place:older>/<place:newer>/", cases.changes, name="changes"),
    path(f"{_ONE}steps/<slug:action>/", cases.step, name="step"),
    path(f"{_ONE}checks/", cases.checks, name="checks"),
    path(f"{_ONE}ask/", asking.ask, name="ask"),
    path(f"{_ONE}questions/", asking.questions, name="questions"),
    path(f"{_ONE}documents/", documents.documents, name="documents"),
    path(f"{_ONE}documents/<name:name>/", documents.document, name="document"),
    path(f"{_ONE}files/<int:number>/", documents.download, name="file"),
    path(f"{_ONE}advice/", advice.advice, name="advice"),
    path(f"{_ONE}assessment/", assessment.assessment, name="assessment"),
    path(f"{_ONE}assessment/words/", after.words, name="assessment_words"),
    path(f"{_ONE}assessment/newer/", after.newer, name="assessment_newer"),
    path(f"{_ONE}assessment/<slug:action>/", assessment.step, name="assessment_step"),
]
