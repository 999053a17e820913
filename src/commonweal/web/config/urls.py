"""All addresses of the service."""

from __future__ import annotations

from django.urls import include, path

from commonweal.web.api.api import addresses
from commonweal.web.config import views
from commonweal.web.discovery.views import export

urlpatterns = [
    path("", views.home, name="home"),
    path("about", views.about, name="about"),
    path("accessibility", views.accessibility, name="accessibility"),
    path("cookies", views.cookies, name="cookies"),
    path("health", views.health, name="health"),
    path("robots.txt", views.robots, name="robots"),
    path("data.csv", export, name="catalogue_csv"),
    path("data/", include("commonweal.web.discovery.urls")),
    path("projects/", include("commonweal.web.register.urls")),
    path("applications/", include("commonweal.web.applications.urls")),
    path("sign/", include("commonweal.web.signing.urls")),
    path("permits/", include("commonweal.web.projects.urls")),
    path("account/", include("commonweal.web.accounts.urls")),
    path("api/v1/", addresses()),
]

handler400 = "commonweal.web.config.errors.bad_request"
handler403 = "commonweal.web.config.errors.denied"
handler404 = "commonweal.web.config.errors.not_found"
handler500 = "commonweal.web.config.errors.broken"
