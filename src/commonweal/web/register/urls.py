"""Addresses of the register."""

from __future__ import annotations

from django.urls import path

from commonweal.web.register import views

app_name = "register"
urlpatterns = [
    path("", views.index, name="index"),
    path("refused/", views.refused, name="refused"),
    path("<str:id_>/", views.project, name="project"),
]
