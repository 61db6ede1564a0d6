import numpy as np
import pytest

from funis.population.scores import ScoreReader


def test_scores_are_read_from_outputs_without_noise(toy):
    reader = ScoreReader.of(toy)
    assert (reader.names, reader.outputs) == (("INDEX",), ("activity",))
    assert reader.widths.tolist() == [100.0]
    values = np.array([[[0.5], [0.25]], [[1.5], [-0.1]]])
    assert reader.read(values)[:, :, 0] == pytest.approx(np.array([[60, 35], [110, 10]]))


def test_components_can_be_asked_for(toy):
    reader = ScoreReader.of(toy, ["joints", "INDEX"])
    assert reader.read(np.array([[0.5]])) == pytest.approx(np.array([[50, 60]]))
    assert np.all(np.isnan(reader.read(np.array([[np.nan]]))))
