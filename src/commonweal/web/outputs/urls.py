"""Addresses of outputs: their authors' here, their reviewers' under `review/`."""

from __future__ import annotations

from django.urls import include, path

from commonweal.web.outputs import views, views_layouts

app_name = "outputs"
urlpatterns = [
    path("", views.index, name="index"),
    path("review/", include("commonweal.web.outputs.urls_review")),
    path("standing/", views_layouts.index, name="layouts"),
    path("standing/new", views_layouts.new, name="layout_new"),
    path("standing/draft/<str:order>", views_layouts.draft, name="layout_draft"),
    path("standing/<str:reference>/", views_layouts.layout, name="layout"),
    path("ask/<str:job>/", views.ask, name="ask"),
    path("<str:reference>/", views.output, name="output"),
    path("<str:reference>/submit", views.submit, name="submit"),
    path("<str:reference>/withdraw", views.withdraw, name="withdraw"),
    path("<str:reference>/download", views.download, name="download"),
    path("<str:reference>/files/<str:order>", views.files, name="files"),
]
