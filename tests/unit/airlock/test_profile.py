"""Whose limits an output is held against: the permit's."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from commonweal.airlock.profile import RuleProfile
from commonweal.foundation.errors import Refused
from commonweal.papers.permit import Outputs

SACRO = RuleProfile.load("sacro-default")


def own(folder: Path, **changed: object) -> str:
    path = folder / "own.yaml"
    path.write_text(yaml.safe_dump({**SACRO.plain(), **changed}))
    return str(path)


def test_the_fewest_people_are_those_of_the_permit() -> None:
    assert RuleProfile.of_permit(Outputs()) == SACRO
    assert RuleProfile.of_permit(Outputs(minimum_people=25)).threshold == 25
    assert RuleProfile.of_permit(Outputs(minimum_people=2)).threshold == SACRO.threshold
    assert RuleProfile.of_permit(Outputs(profile="opensafely", minimum_people=2)).threshold == 8


def test_a_file_never_stands_for_a_profile_that_came_with_it(tmp_path: Path) -> None:
    weak = own(tmp_path, threshold=3)
    for named in (weak, "opensafely"):
        with pytest.raises(Refused) as caught:
            RuleProfile.of_permit(Outputs(), named)
        assert caught.value.code == "CW-LEAVING-PERMIT"
    assert RuleProfile.of_permit(Outputs(), own(tmp_path)) == SACRO


def test_a_profile_of_the_custodians_own_has_the_permits_name(tmp_path: Path) -> None:
    file = own(tmp_path, name="wharfedale", threshold=12)
    assert RuleProfile.of_permit(Outputs(profile="wharfedale"), file).threshold == 12
    with pytest.raises(Refused):
        RuleProfile.of_permit(Outputs(profile="airedale"), file)
