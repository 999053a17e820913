"""Addresses of the rooms."""

from __future__ import annotations

from django.urls import path

from commonweal.web.rooms import views

app_name = "rooms"
urlpatterns = [path("", views.index, name="index")]
