"""Addresses of the committee."""

from __future__ import annotations

from django.urls import path, register_converter
from django.urls.converters import IntConverter

from commonweal.web.committee.views import (
    chairs,
    deciding,
    files,
    items,
    meetings,
    minutes,
    public,
    questions,
    shorter,
)


class Row(IntConverter):
    """The number of a row: never so large that a database could not hold it."""

    regex = "[0-9]{1,15}"


register_converter(Row, "row")

app_name = "committee"
urlpatterns = [
    path("", public.index, name="index"),
    path("rules/", public.rules, name="rules"),
    path("decisions/", public.decisions, name="decisions"),
    path("decisions/<str:name>/", public.decision, name="decision"),
    path("meetings/", meetings.meetings, name="meetings"),
    path("meetings/new/", meetings.new, name="new_meeting"),
    path("meetings/<row:pk>/", meetings.meeting, name="meeting"),
    path("meetings/<row:pk>/step/", meetings.step, name="meeting_step"),
    path("meetings/<row:pk>/present/", meetings.present, name="present"),
    path("meetings/<row:pk>/add/", meetings.add, name="add"),
    path("meetings/<row:pk>/pack/", meetings.pack, name="pack"),
    path("meetings/<row:pk>/minutes/", minutes.minutes, name="minutes"),
    path("meetings/<row:pk>/minutes/write/", minutes.write, name="write_minutes"),
    path("minutes/<row:pk>/", minutes.public, name="public_minutes"),
    path("items/<row:pk>/", items.item, name="item"),
    path("items/<row:pk>/files/<row:number>/", files.download, name="file"),
    path("items/<row:pk>/print/", files.page_of, name="print"),
    path("items/<row:pk>/word/", files.word_of, name="word"),
    path("items/<row:pk>/step/", items.step, name="item_step"),
    path("items/<row:pk>/declare/", items.declare, name="declare"),
    path("items/<row:pk>/vote/", items.vote, name="vote"),
    path("items/<row:pk>/variables/", items.variables, name="variables"),
    path("items/<row:pk>/ask/", questions.ask, name="ask"),
    path("items/<row:pk>/call-in/", shorter.call_in, name="call_in"),
    path("short/", shorter.short, name="short"),
    path("short/<slug:name>/", shorter.propose_short, name="propose_short"),
    path("chair/", chairs.chair, name="chair"),
    path("chair/<slug:name>/", chairs.propose_chair, name="propose_chair"),
    path("items/<row:pk>/decide/", deciding.decide, name="decide"),
    path("questions/", questions.waiting, name="questions"),
    path("questions/<slug:name>/step/", questions.step, name="question_step"),
    path("questions/<slug:name>/answer/", questions.answer, name="answer"),
    path("applications/<slug:name>/answers/", questions.applicant, name="applicant_answers"),
    path("applications/<slug:name>/appeal/", deciding.appeal, name="appeal"),
    path("applications/<slug:name>/final/", deciding.end, name="end"),
    path("appeals/", deciding.waiting, name="appeals"),
    path("appeals/<row:pk>/", deciding.hear, name="hear"),
]
