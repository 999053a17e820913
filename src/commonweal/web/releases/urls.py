"""Addresses of releases."""

from __future__ import annotations

from django.urls import path

from commonweal.web.releases import views

app_name = "releases"
urlpatterns = [
    path("", views.index, name="index"),
    path("<str:permit>/", views.permit, name="permit"),
    path("<str:permit>/plan", views.plan, name="plan"),
    path("<str:permit>/build", views.build, name="build"),
    path("<str:permit>/<str:release>/", views.release, name="release"),
    path("<str:permit>/<str:release>/sign-off", views.sign_off, name="sign_off"),
    path("<str:permit>/<str:release>/send-back", views.send_back, name="send_back"),
]
