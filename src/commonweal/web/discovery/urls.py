"""Addresses of the catalogue."""

from __future__ import annotations

from django.urls import path

from commonweal.web.discovery import views

app_name = "discovery"
urlpatterns = [
    path("", views.index, name="index"),
    path("<str:id_>/", views.dataset, name="dataset"),
    path("<str:id_>/<str:name>/", views.table, name="table"),
    path("<str:id_>/<str:table_name>/<str:name>/", views.variable, name="variable"),
]
