"""Addresses of mail about new projects."""

from __future__ import annotations

from django.urls import path

from commonweal.web.alerts import views

app_name = "alerts"
urlpatterns = [
    path("", views.index, name="index"),
    path("yes/<str:secret>/", views.begin, name="begin"),
    path("stop/<str:secret>/", views.stop, name="stop"),
]
