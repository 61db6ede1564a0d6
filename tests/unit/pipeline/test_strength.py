"""The published effect on a trial's primary endpoint: kinds of studies apart, and kept."""

import pytest

from funis.models import library_folder
from funis.pipeline.planning import strength
from funis.pipeline.planning.strength import NOTHING, pooled_effects
from funis.protocol import load_protocol


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FUNIS_CACHE", str(tmp_path))


def test_each_kind_of_study_stands_apart_and_is_read_again_from_the_cache(own_cache, monkeypatch):
    protocol = load_protocol(library_folder() / "trials" / "ra_demo.yaml")
    found = pooled_effects(protocol)
    kinds = [line.removeprefix("ACR20: ").split(",")[0] for line in found]
    assert kinds == ["randomised", "single-arm", "control arms without cells"]
    assert "48 randomised" in found[0]
    monkeypatch.setattr(strength, "_lines", lambda *_: (NOTHING,))
    assert pooled_effects(protocol) == found
