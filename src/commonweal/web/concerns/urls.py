"""Addresses of concerns, for everybody."""

from __future__ import annotations

from django.urls import path

from commonweal.web.concerns import views

app_name = "concerns"
urlpatterns = [
    path("", views.index, name="index"),
    path("new/", views.new, name="new"),
    path("own/", views.own, name="own"),
]
