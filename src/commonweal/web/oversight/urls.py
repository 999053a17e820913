"""Addresses of who decides."""

from __future__ import annotations

from django.urls import path

from commonweal.web.oversight import views

app_name = "oversight"
urlpatterns = [
    path("", views.index, name="index"),
    path("oversight-group/", views.group, name="group"),
    path("me/", views.me, name="me"),
    path("interests/", views.interests, name="interests"),
]
