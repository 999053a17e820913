"""Addresses of the public panel."""

from __future__ import annotations

from django.urls import path

from commonweal.web.panel import views

app_name = "panel"
_ONE = "questions/<slug:reference>/"
urlpatterns = [
    path("", views.index, name="index"),
    path("heard/", views.heard_list, name="heard_list"),
    path("heard/<slug:reference>/", views.heard, name="heard"),
    path("questions/new/", views.propose, name="propose"),
    path(_ONE, views.question, name="question"),
    path(f"{_ONE}step/", views.step, name="step"),
    path(f"{_ONE}paper/", views.paper, name="paper"),
    path(f"{_ONE}vote/", views.vote, name="vote"),
    path(f"{_ONE}better-papers/", views.ask_for_more, name="ask_for_more"),
    path(f"{_ONE}record/", views.record, name="record"),
    path(f"{_ONE}answer/", views.answer, name="answer"),
    path(f"{_ONE}drop/", views.drop, name="drop"),
    path("meetings/new/", views.call, name="call"),
    path("meetings/<slug:reference>/", views.meeting, name="meeting"),
    path("meetings/<slug:reference>/notes/", views.notes, name="notes"),
]
