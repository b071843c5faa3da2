"""The main job from registration to scores, played over HTTP against the house as it really runs, and reconciled."""

import os
import subprocess

import pytest

from tests.journeys.houses import HALL, House

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]


def play(house: House) -> "subprocess.CompletedProcess[str]":
    """`hall demo`, as an operator runs it."""
    command, environment = [HALL, "demo", "--url", house.url], {**os.environ, **house.environment}
    return subprocess.run(
        command, env=environment, cwd=house.folder, capture_output=True, text=True, check=False
    )


def test_the_story_agrees_and_agrees_again_on_the_same_data(house: House) -> None:
    for _ in range(2):
        told = play(house)
        assert told.returncode == 0, f"{told.stdout}\n{told.stderr}"
        assert "全部核对一致" in told.stdout
