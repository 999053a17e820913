"""Addresses of the public log. No address names a log: there is only this one to be had."""

from __future__ import annotations

from django.urls import path

from commonweal.web.publiclog import files, views

app_name = "publiclog"
urlpatterns = [
    path("", views.index, name="index"),
    path("for-experts/", views.experts, name="experts"),
    path("entries/<str:number>/", views.entry, name="entry"),
    path("entries.jsonl", files.entries, name="entries"),
    path("entries.csv", files.table, name="table"),
    path("log.atom", files.atom, name="atom"),
    path("checkpoint", files.checkpoint, name="checkpoint"),
    path("keys.json", files.keys, name="keys"),
    path("tile/<path:place>", files.tile, name="tile"),
    path("epochs/<str:epoch>/checkpoint", files.checkpoint, name="checkpoint_of"),
    path("epochs/<str:epoch>/tile/<path:place>", files.tile, name="tile_of"),
    path("proof/<str:name>", files.proof, name="proof"),
    path("check_proof.py", files.checker, name="checker"),
    path("check_log.py", files.program, name="program"),
]
