"""Addresses of the register."""

from __future__ import annotations

from django.urls import path

from commonweal.web.register import views

app_name = "register"
urlpatterns = [
    path("", views.index, name="index"),
    path("refused/", views.refused, name="refused"),
    path("register.json", views.paper, name="paper"),
    path("<str:id_>/", views.project, name="project"),
    path("<str:id_>/left/<str:output>/", views.output, name="output"),
    path("<str:id_>/left/<str:output>/record.json", views.record, name="record"),
]
