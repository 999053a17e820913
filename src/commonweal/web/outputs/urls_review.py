"""Addresses of those who check outputs, and of the custodian."""

from __future__ import annotations

from django.urls import URLPattern, path

from commonweal.web.outputs import views_parts as parts
from commonweal.web.outputs import views_review as views

urlpatterns: list[URLPattern] = [
    path("", views.queue, name="review_queue"),
    path("left", views.left, name="review_left"),
    path("history", views.history, name="review_history"),
    path("<str:reference>/", views.review, name="review"),
    path("<str:reference>/files/<int:number>", parts.file, name="review_file"),
    path("<str:reference>/files/<int:number>/text", parts.text, name="review_text"),
    path("<str:reference>/files/<int:number>/picture", parts.picture, name="review_picture"),
    path("<str:reference>/together", parts.together, name="review_together"),
    path("<str:reference>/code", parts.code, name="review_code"),
    path("<str:reference>/recall", views.recall, name="review_recall"),
]
