"""Addresses of texts for the public, for those who write and publish them."""

from __future__ import annotations

from django.urls import path

from commonweal.web.publishing import views

app_name = "publishing"
_ONE = "<slug:reference>/"
urlpatterns = [
    path("", views.desk, name="desk"),
    path("new/", views.write, name="new"),
    path(_ONE, views.notice, name="notice"),
    path(f"{_ONE}write/", views.write, name="write"),
    path(f"{_ONE}step/", views.step, name="step"),
    path(f"{_ONE}publish/", views.publish, name="publish"),
    path(f"{_ONE}send-back/", views.send_back, name="send_back"),
    path(f"{_ONE}take-down/", views.take_down, name="take_down"),
]
