"""Addresses of agreements and permits."""

from __future__ import annotations

from django.urls import path

from commonweal.web.projects.views import agreements, closings, offering, overview, permits

app_name = "projects"
urlpatterns = [
    path("", overview.index, name="index"),
    path("agreements/for/<slug:reference>/", offering.agreement, name="offer"),
    path("agreements/<slug:reference>/", agreements.agreement, name="agreement"),
    path("agreements/<slug:reference>/countersign/", agreements.countersign, name="countersign"),
    path("agreements/<slug:reference>/again/", agreements.order_again, name="order_again"),
    path(
        "agreements/<slug:reference>/print", agreements.agreement_file, {"kind": "html"},
        name="agreement_print",
    ),
    path(
        "agreements/<slug:reference>/text", agreements.agreement_file, {"kind": "md"},
        name="agreement_text",
    ),
    path("frameworks/for/<slug:reference>/", offering.framework, name="offer_framework"),
    path("frameworks/<slug:reference>/", agreements.framework, name="framework"),
    path(
        "frameworks/<slug:reference>/print", agreements.framework_file, {"kind": "html"},
        name="framework_print",
    ),
    path("<str:reference>/", permits.permit, name="permit"),
    path("<str:reference>/signed", permits.signed_file, name="signed"),
    path("<str:reference>/ga4gh", permits.ga4gh_file, name="ga4gh"),
    path("<str:reference>/closing/", closings.closing, name="closing"),
    path("<str:reference>/<slug:kind>/", permits.step, name="step"),
]  # fmt: skip
