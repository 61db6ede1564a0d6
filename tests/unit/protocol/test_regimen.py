from pathlib import Path

import pytest

from funis.checks import InputError
from funis.protocol import library_regimens, load_regimen
from funis.protocol.regimen import LIBRARY

REGIMENS = {regimen.id: regimen for regimen in library_regimens()}


def test_regimens_are_named_after_their_files() -> None:
    assert sorted(REGIMENS) == sorted(path.stem for path in LIBRARY.glob("*.yaml"))


def test_the_advertised_regimen_spans_three_years_at_both_ends() -> None:
    regimen = REGIMENS["ra_iv"]
    assert regimen.kind == "advertised"
    doses = {variant.id: variant.interventions[0] for variant in regimen.variants}
    assert (doses["low"].dose_cell, doses["high"].dose_cell) == (50e6, 100e6)
    for dose in doses.values():
        assert dose.days[-1] + 182 == pytest.approx(3 * 365.25, abs=7)


def test_published_regimens_are_those_of_the_evidence() -> None:
    arms = {
        (regimen.id, variant.id): variant.interventions[0]
        for regimen in REGIMENS.values()
        if regimen.kind == "published"
        for variant in regimen.variants
    }
    assert arms["wang2019_ra", "msc"].dose_cell == 40e6
    assert arms["kafaja2017_ra", "mpc_2M"].dose_cell_per_kg == 2e6
    assert arms["jamshidi2024_ra", "msc"].days == (0, 30, 60)
    assert arms["china2010_ra_17", "msc"].dose_cell == 10e6


def test_a_misspelt_key_has_its_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text((LIBRARY / "wang2019_ra.yaml").read_text().replace("label:", "lable:"))
    with pytest.raises(InputError, match=r":7: variants\[0\].lable: unknown key.*'label'"):
        load_regimen(path)
