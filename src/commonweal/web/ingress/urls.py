"""Addresses of bringing something in."""

from __future__ import annotations

from django.urls import path

from commonweal.web.ingress import views

app_name = "ingress"
urlpatterns = [
    path("", views.index, name="index"),
    path("offered", views.offered, name="offered"),
    path("bring", views.bring, name="bring"),
    path("<str:reference>/", views.offering, name="offering"),
    path("<str:reference>/sign", views.sign, name="sign"),
    path("<str:reference>/decide", views.decide, name="decide"),
    path("<str:reference>/take-back", views.take_back, name="take_back"),
]
