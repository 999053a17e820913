"""Addresses of the public pages, but for those that are older than this part: `config/urls`."""

from __future__ import annotations

from django.urls import path

from commonweal.web.publicpages import views

app_name = "publicpages"
urlpatterns = [
    path("pages/", views.index, name="index"),
    path("pages/<str:name>/", views.page, name="page"),
    path("pages/<str:name>/text.md", views.text, name="text"),
    path("pages/<str:name>/<str:key>", views.form_of_page, name="format"),
    path("your-choices/", views.fixed, {"name": "your-choices"}, name="your_choices"),
    path("your-choices/form/", views.form, name="form"),
    path("notice/", views.notice, name="notice"),
    path("public-pages/", views.look_after, name="look_after"),
]
