"""Addresses of published impact assessments, for everybody."""

from __future__ import annotations

from django.urls import path

from commonweal.web.desk.views import after, assessment

app_name = "assessments"
urlpatterns = [
    path("", assessment.public, name="index"),
    path("<slug:reference>/", assessment.public_one, name="one"),
    path("<slug:reference>/<int:number>/", after.earlier, name="earlier"),
]
