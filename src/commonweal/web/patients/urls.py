"""Addresses of people's own pages."""

from __future__ import annotations

from django.urls import path

from commonweal.web.patients import views

app_name = "patients"
urlpatterns = [
    path("", views.my_data, name="my_data"),
    path("sign-in/", views.sign_in, name="sign_in"),
    path("back/", views.callback, name="callback"),
    path("answer/", views.answer, name="answer"),
    path("answer/<str:release>/paper", views.paper, name="paper"),
    path("choose/", views.choose, name="choose"),
    path("choose/take-back/", views.take_back, name="take_back"),
    path("choose/confirm/", views.confirm, name="confirm"),
    path("sign-out/", views.sign_out, name="sign_out"),
]
