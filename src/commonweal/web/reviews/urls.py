"""Addresses of yearly reviews. Each is named by its permit."""

from __future__ import annotations

from django.urls import path

from commonweal.web.reviews.views import reading, writing

app_name = "reviews"
urlpatterns = [
    path("", reading.index, name="index"),
    path("<str:permit>/", reading.review, name="review"),
    path("<str:permit>/check/", writing.check, name="check"),
    path("<str:permit>/questions/", writing.questions, name="questions"),
    path("<str:permit>/form/<slug:section>/", writing.section, name="section"),
]
