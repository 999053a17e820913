"""Addresses of signing."""

from __future__ import annotations

from django.urls import path

from commonweal.web.signing import views

app_name = "signing"
urlpatterns = [
    path("", views.mine, name="mine"),
    path("key/", views.key, name="key"),
    path("key/made/", views.key_made, name="key_made"),
    path("key/piece/", views.key_piece, name="key_piece"),
    path("held-up/", views.held_up, name="held_up"),
    path("<slug:act_id>/", views.sign, name="sign"),
]
