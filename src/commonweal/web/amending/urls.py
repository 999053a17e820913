"""Addresses of requests to change or renew."""

from __future__ import annotations

from django.urls import path

from commonweal.web.amending import views

app_name = "amending"
urlpatterns = [
    path("permits/<str:permit>/<slug:kind>/", views.begin, name="begin"),
    path("<slug:reference>/", views.change, name="change"),
    path("<slug:reference>/agree/", views.agree, name="agree"),
]
