"""The service's addresses, with a page for signing where its app has none yet."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from commonweal.web.config.urls import (
    handler400,
    handler403,
    handler404,
    handler500,
    urlpatterns,
)

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


def _sign(request: HttpRequest, act_id: str) -> HttpResponse:
    del request
    return HttpResponse(f"to be signed: {act_id}")


if not any(getattr(one, "namespace", "") == "signing" for one in urlpatterns):
    _ours = ([path("<slug:act_id>/", _sign, name="sign")], "signing")
    urlpatterns = [*urlpatterns, path("sign/", include(_ours))]
