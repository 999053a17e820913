"""Addresses of texts for the public, for everybody."""

from __future__ import annotations

from django.urls import path

from commonweal.web.publishing import views

app_name = "told"
urlpatterns = [
    path("what-went-wrong/", views.went_wrong, name="went_wrong"),
    path("texts/", views.texts, name="texts"),
    path("texts/<slug:reference>/", views.text, name="text"),
    path("texts/<slug:reference>/text.json", views.text_bytes, name="text_bytes"),
]
