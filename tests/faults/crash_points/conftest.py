"""A receiver, and scenes that end with their tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.crash_points.scene import Scene
from tests.flow.receiver import Receiver

MakeScene = Callable[..., Scene]


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def make_scene(kafka_bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeScene]:
    made: list[Scene] = []

    def make(**options: int) -> Scene:
        folder: Path = tmp_path_factory.mktemp("scene")
        made.append(Scene(kafka_bootstrap, folder, **options))
        return made[-1]

    yield make
    for scene in made:
        scene.close()
