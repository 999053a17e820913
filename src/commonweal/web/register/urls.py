"""Addresses of the register."""

from __future__ import annotations

from django.urls import path

from commonweal.web.register import opendata, views

app_name = "register"
urlpatterns = [
    path("", views.index, name="index"),
    path("refused/", views.refused, name="refused"),
    path("what-came-of-it/", views.came, name="came"),
    path("companies/", views.companies, name="companies"),
    path("open-data/", views.open_data, name="open_data"),
    path("register.json", views.paper, name="paper"),
    *(
        path(file.name, views.open_file, {"name": name}, name=name)
        for name, file in opendata.FILES.items()
    ),
    path("<str:id_>/", views.project, name="project"),
    path("<str:id_>/check/", views.check, name="check"),
    path("<str:id_>/permit.json", views.projection, name="projection"),
    path("<str:id_>/left/<str:output>/", views.output, name="output"),
    path("<str:id_>/left/<str:output>/record.json", views.record, name="record"),
]
