"""From what a job left to released files, with the real airlock behind the pages."""

from __future__ import annotations

import io
import zipfile

from tests.web.outputs.room import Airlock, asked, output, person


def test_from_a_job_to_files_in_hand(airlock: Airlock) -> None:
    from commonweal.web.outputs import services
    from commonweal.web.outputs.models import Output, ReviewPapers

    airlock.job()
    order = asked()
    airlock.work()
    order.refresh_from_db()
    # The checks are done, and nobody hears of it before the quarter of an hour is full (S4).
    assert (order.state, order.code, Output.objects.count()) == ("running", "", 0)
    airlock.quarter()
    airlock.work()
    order.refresh_from_db()
    assert (order.state, order.code, order.sentence) == ("done", "", "")
    row = output()
    assert (row.state, row.turn, row.author) == ("draft", 1, "amara")
    assert not ReviewPapers.objects.exists()
    row = airlock.submitted()
    assert (row.state, row.told) == ("in_review", None)
    assert row.papers.tables["sexes.csv"]["columns"] == ["sex", "people"]
    assert airlock.vote("tara").state == "heard"
    airlock.work()
    assert output().state == "in_review"
    airlock.vote("umar")
    airlock.work(2)
    row = output()
    assert (row.state, row.told["outcome"]) == ("released", "approved")
    assert not ReviewPapers.objects.exists()
    assert len(airlock.events("output.released")) == 1
    wanted = services.ask_download(person("amara"), row)
    airlock.work()
    given = services.files_of(person("amara"), wanted.pk)
    with zipfile.ZipFile(io.BytesIO(bytes(given.content))) as files:
        assert files.namelist() == ["sexes.csv"]
        assert files.read("sexes.csv").splitlines()[0] == b"sex,people"
    (event,) = airlock.events("output.downloaded")
    assert (event["actor"], event["named"], event["way"]) == (
        "release-worker", "amara", "service",
    )  # fmt: skip
