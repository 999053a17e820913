"""Addresses of choices: for everybody, and for staff who write them down."""

from __future__ import annotations

from django.urls import path

from commonweal.web.choices import views

app_name = "choices"
urlpatterns = [
    path("your-choices/here/", views.begin, name="begin"),
    path("your-choices/here/new/", views.new, name="new"),
    path("choices/desk/", views.desk, name="desk"),
    path("choices/desk/written/", views.written, name="written"),
]
