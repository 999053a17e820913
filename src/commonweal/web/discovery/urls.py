"""Addresses of the catalogue."""

from __future__ import annotations

from django.urls import path, register_converter

from commonweal.web.config.names import NameConverter
from commonweal.web.discovery import views, views_feasibility

register_converter(NameConverter, "name")

app_name = "discovery"
urlpatterns = [
    path("", views.index, name="index"),
    # Without a slash at their ends: a dataset called "feasibility" keeps its own addresses.
    path("feasibility", views_feasibility.feasibility, name="feasibility"),
    path("feasibility/<name:id_>", views_feasibility.feasibility_of, name="feasibility_of"),
    path("<name:id_>/", views.dataset, name="dataset"),
    path("<name:id_>/<name:name>/", views.table, name="table"),
    path("<name:id_>/<name:table_name>/<name:name>/", views.variable, name="variable"),
]
