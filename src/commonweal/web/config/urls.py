"""All addresses of the service."""

from __future__ import annotations

from django.urls import include, path

from commonweal.web.api.api import addresses
from commonweal.web.config import views
from commonweal.web.discovery.views import export, export_croissant, export_hdruk
from commonweal.web.publicpages.views import fixed, home

urlpatterns = [
    path("", home, name="home"),
    path("about", fixed, {"name": "about"}, name="about"),
    path("accessibility", fixed, {"name": "accessibility"}, name="accessibility"),
    path("cookies", fixed, {"name": "cookies"}, name="cookies"),
    path("", include("commonweal.web.publicpages.urls")),
    path("", include("commonweal.web.choices.urls")),
    path("health", views.health, name="health"),
    path("robots.txt", views.robots, name="robots"),
    path("data.csv", export, name="catalogue_csv"),
    path("data.hdruk.json", export_hdruk, name="catalogue_hdruk"),
    path("data.croissant.json", export_croissant, name="catalogue_croissant"),
    path("data/", include("commonweal.web.discovery.urls")),
    path("projects/tell-me/", include("commonweal.web.alerts.urls")),
    path("projects/", include("commonweal.web.register.urls")),
    path("log/", include("commonweal.web.publiclog.urls")),
    path("panel/", include("commonweal.web.panel.urls")),
    path("publishing/", include("commonweal.web.publishing.urls")),
    path("", include("commonweal.web.publishing.public_urls")),
    path("my-data/", include("commonweal.web.patients.urls")),
    path("concerns/desk/", include("commonweal.web.concerns.desk_urls")),
    path("concerns/", include("commonweal.web.concerns.urls")),
    path("applications/", include("commonweal.web.applications.urls")),
    path("sign/", include("commonweal.web.signing.urls")),
    path("applications/", include("commonweal.web.desk.writers_urls")),
    path("desk/", include("commonweal.web.desk.urls")),
    path("assessments/", include("commonweal.web.desk.public_urls")),
    path("who-decides/", include("commonweal.web.oversight.urls")),
    path("committee/", include("commonweal.web.committee.urls")),
    path("permits/", include("commonweal.web.projects.urls")),
    path("changes/", include("commonweal.web.amending.urls")),
    path("releases/", include("commonweal.web.releases.urls")),
    path("outputs/", include("commonweal.web.outputs.urls")),
    path("studies/", include("commonweal.web.studies.urls")),
    path("made-up-data/", include("commonweal.web.dummies.urls")),
    path("ingress/", include("commonweal.web.ingress.urls")),
    path("reviews/", include("commonweal.web.reviews.urls")),
    path("rooms/", include("commonweal.web.rooms.urls")),
    path("account/", include("commonweal.web.accounts.urls")),
    path("api/v1/", addresses()),
]

handler400 = "commonweal.web.config.errors.bad_request"
handler403 = "commonweal.web.config.errors.denied"
handler404 = "commonweal.web.config.errors.not_found"
handler429 = "commonweal.web.config.errors.too_often"
"""Not Django's: allauth looks for it where it counts tries."""
handler500 = "commonweal.web.config.errors.broken"
