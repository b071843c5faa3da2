"""The main job from registration to scores, played over HTTP against the house as it really runs, and reconciled."""

import pytest

from tests.journeys import commands
from tests.journeys.houses import House
from tests.journeys.searching import numbers_in

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]


def test_the_story_agrees_and_agrees_again_on_the_same_data(house: House) -> None:
    for _ in range(2):
        told = commands.run(house, "demo", "--url", house.url)
        assert told.returncode == 0, f"{told.stdout}\n{told.stderr}"
        assert "全部核对一致" in told.stdout
    assert numbers_in(house) == set()
