"""Addresses of the writers' pages that answer the desk; they lie under `/applications/`."""

from __future__ import annotations

from django.urls import path

from commonweal.web.desk.views import again, documents, writers

app_name = "answers"
_ONE = "<slug:reference>/"
urlpatterns = [
    path(f"{_ONE}questions/", writers.questions, name="questions"),
    path(f"{_ONE}points/", writers.points, name="points"),
    path(f"{_ONE}assessment/", again.again, name="again"),
    path(f"{_ONE}assessment/<slug:section>/", again.section, name="again_section"),
    path(f"{_ONE}documents/", documents.mine, name="documents"),
    path(f"{_ONE}documents/new/", documents.hand_in_new, name="new_document"),
    path(f"{_ONE}documents/<name:name>/file/", documents.hand_in_one, name="hand_in"),
    path(f"{_ONE}files/<int:number>/", documents.mine_download, name="file"),
]
