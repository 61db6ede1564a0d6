"""A ninth, invented disease: four files in a temporary folder, and a trial beside them."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from funis.apps.cli import app
from funis.apps.door import enter
from funis.models import Model, load_model

HERE = Path(__file__).parent


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of a user's own with the disease and its trial; the commands run there."""
    shutil.copytree(HERE / "sparks", tmp_path / "sparks")
    shutil.copy(HERE / "sparks_trial.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def funis(library: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run(*words: str) -> tuple[int, str, str]:
        status = enter(app, list(words))
        return status, *capfd.readouterr()

    return run


@pytest.fixture(scope="session")
def sparks() -> Model:
    return load_model(HERE / "sparks")
