"""Addresses of applications."""

from __future__ import annotations

from django.urls import path, register_converter
from django.urls.converters import SlugConverter

from commonweal.web.applications.views import (
    begin,
    comments,
    data,
    documents,
    earlier,
    forms,
    route,
    sending,
    typed,
)


class Place(SlugConverter):
    """A place in a list, from 0: never so large that reading it costs anything."""

    regex = "[0-9]{1,4}"

    def to_python(self, value: str) -> int:
        """The number."""
        return int(value)

    def to_url(self, value: int | str) -> str:
        """Its digits."""
        return str(value)


register_converter(Place, "place")

app_name = "applications"
_ONE = "<slug:reference>/"
urlpatterns = [
    path("", begin.index, name="index"),
    path("start/", begin.start, name="start"),
    path(f"{_ONE}", begin.tasks, name="tasks"),
    path(f"{_ONE}authors/", begin.authors, name="authors"),
    path(f"{_ONE}route/", route.begin, name="route_begin"),
    path(f"{_ONE}route/result/", route.result, name="route_result"),
    path(f"{_ONE}route/<slug:id_>/", route.question, name="route"),
    path(f"{_ONE}cohort/", data.cohort, name="cohort"),
    path(f"{_ONE}groups/<place:g>/", data.group, name="group"),
    path(f"{_ONE}groups/<place:g>/<place:v>/", data.variable, name="variable"),
    path(f"{_ONE}parts/<slug:name>/", typed.section, name="section"),
    path(f"{_ONE}parts/<slug:name>/new/", typed.item, {"number": None}, name="new_item"),
    path(f"{_ONE}parts/<slug:name>/<place:number>/", typed.item, name="item"),
    path(f"{_ONE}forms/<slug:name>/", forms.form, name="form"),
    path(f"{_ONE}forms/<slug:name>/<slug:id_>/", forms.section, name="form_section"),
    path(f"{_ONE}check/", sending.check, name="check"),
    path(f"{_ONE}send/", sending.send, name="send"),
    path(f"{_ONE}sign/", sending.sign, name="sign"),
    path(f"{_ONE}sent/<place:number>/", sending.sent, name="sent"),
    path(f"{_ONE}versions/<place:number>/", sending.version, name="version"),
    path(f"{_ONE}changes/<place:older>/<place:newer>/", sending.changes, name="changes"),
    path(f"{_ONE}withdraw/", sending.withdraw, name="withdraw"),
    path(f"{_ONE}copy/", earlier.copy, name="copy"),
    path(f"{_ONE}records/", earlier.records, name="records"),
    path(f"{_ONE}comments/", comments.every, name="comments"),
    path(f"{_ONE}comments/<slug:name>/", comments.of_part, name="comments_of"),
    path(f"{_ONE}print/", documents.draft_page, name="print"),
    path(f"{_ONE}word/", documents.draft_file, name="word"),
    path(f"{_ONE}versions/<place:number>/print/", documents.page_of, name="version_print"),
    path(f"{_ONE}versions/<place:number>/word/", documents.file_of, name="version_word"),
]
