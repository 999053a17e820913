"""Addresses of studies."""

from __future__ import annotations

from django.urls import path

from commonweal.web.studies import views

app_name = "studies"
urlpatterns = [
    path("", views.index, name="index"),
    path("<str:permit>/", views.permit, name="permit"),
    path("<str:permit>/send", views.send, name="send"),
    path("<str:permit>/jobs/<str:job>/", views.job, name="job"),
    path("<str:permit>/jobs/<str:job>/take-back", views.take_back, name="take_back"),
]
