"""Addresses of made-up data."""

from __future__ import annotations

from django.urls import path

from commonweal.web.dummies import views

app_name = "dummies"
urlpatterns = [
    path("", views.index, name="index"),
    path("<str:permit>/", views.permit, name="permit"),
    path("<str:permit>/<str:order>/fetch", views.fetch, name="fetch"),
]
