"""Addresses of concerns, for those who look into them."""

from __future__ import annotations

from django.urls import path

from commonweal.web.concerns import views

app_name = "concerns_desk"
_ONE = "<slug:reference>/"
urlpatterns = [
    path("", views.desk, name="index"),
    path(_ONE, views.concern, name="concern"),
    path(f"{_ONE}take-up/", views.take_up, name="take_up"),
    path(f"{_ONE}answer/", views.answer, name="answer"),
]
