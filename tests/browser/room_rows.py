"""Rows of `every_home` as the rooms tell them: counts for feasibility, and the rooms themselves."""

from __future__ import annotations

from datetime import timedelta


def with_counts() -> None:
    """Counts of the hospital that were frozen a week ago, and a later month that was refused."""
    from commonweal.foundation.clock import stamp
    from commonweal.papers.cube import CubeTold
    from commonweal.web.config import clock
    from commonweal.web.discovery.models import Counts
    from tests.cube_house import declaration_data

    now = clock.now()
    frozen = now - timedelta(days=7)
    plain = {
        "told": 1,
        "release": f"cube-hospital.{frozen:%Y-%m}",
        "month": f"{frozen:%Y-%m}",
        "permit_id": "permit-0",  # the public register shows it as in force
        "frozen_at": stamp(frozen),
        "choices": {"applied": ["national"], "checked_on": f"{frozen:%Y-%m-%d}"},
        "declaration": declaration_data(),
        "cells": [
            {"at": [None, None, None], "band": 3},
            {"at": [None, 0, None], "band": 2},
            {"at": [None, 0, 1], "band": 0},
        ],
    }
    told = CubeTold.read(plain, "The counts", "CW-CUBE-INVALID")
    Counts.objects.create(
        dataset="hospital",
        told=told.plain(),
        digest=told.digest(),
        month=told.month,
        tried_at=now - timedelta(minutes=20),
        code="CW-CHOICES-LIST-STALE",
        sentence="The national list is 9 days old; the limit is 7 days.",
    )


def with_rooms() -> None:
    """One room that works, one in which a guard does not hold, one that is silent, one unheard."""
    from commonweal.sandbox.guards import GUARDS, OPTIONAL, Guard, Report
    from commonweal.vault.custody.health import GIB, disk, separation
    from commonweal.web.config import clock
    from commonweal.web.rooms.workers import tell, tell_guards

    now = clock.now()
    wrong = {
        "cgroup": "no cgroup of version 2 was given to Commonweal",
        "project_users": "every run has the user of Commonweal itself",
    }
    found = Report(
        tuple(
            Guard(name, name not in wrong, name not in OPTIONAL, wrong.get(name, ""))
            for name in GUARDS
        )
    )
    home = [separation().as_dict(), disk(4 * GIB, 100 * GIB).as_dict()]
    tell("signer", seen_at=now)
    tell("vault", seen_at=now - timedelta(hours=2), checked_at=now, findings=home)
    tell("enclave", seen_at=now)
    tell_guards("enclave", found, now)
    tell_guards("airlock", found, now - timedelta(hours=3))
