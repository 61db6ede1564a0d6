"""The file of adverse events: what is wrong with it is said in one line."""

import pytest

from funis.checks import InputError
from funis.pipeline.check import check_file
from funis.safety import LIBRARY, load_safety_file
from funis.safety.load import POOLS


def changed(folder, old, new):
    text = LIBRARY.read_text(encoding="utf-8")
    assert old in text
    (folder / "safety.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    pools = LIBRARY.with_name(POOLS).read_text(encoding="utf-8")
    (folder / POOLS).write_text(pools, encoding="utf-8")
    return folder / "safety.yaml"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("risk: headache_puncture,", "risk: headache_punctur,", "did you mean 'headache_puncture'"),
        ("risk: headache_puncture,", "risk: headache_cells_fluid,", "is held out"),
        ("ratio: thrombosis}", "ratio: trombosis}", "did you mean 'thrombosis'"),
        ("[0.80, 0.18, 0.02, 0, 0]", "[0.80, 0.18, 0.03, 0, 0]", "the shares add up to 1.01"),
        ("terms: [infusion_reaction], factor", "terms: [infusion], factor", "unknown term"),
        (
            "study: thompson2020_safety, term: fever}",
            "study: thompson2020_safety}",
            "study with term",
        ),
        ("status: derived, source: li", "status: derived, sourc: li", "unknown key"),
    ],
)
def test_a_fault_is_one_line_with_its_place_and_the_nearest_name(tmp_path, old, new, words):
    if old not in LIBRARY.read_text(encoding="utf-8"):
        old, new = old.replace("source: li", "source: 'li"), new.replace("sourc: li", "sourc: 'li")
    path = changed(tmp_path, old, new)
    with pytest.raises(InputError) as caught:
        load_safety_file(path)
    lines = [str(issue) for issue in caught.value.issues]
    assert any(words in line and line.startswith(f"{path}:") for line in lines)


def test_the_library_is_without_fault_and_its_pools_are_those_of_the_evidence():
    found = check_file(LIBRARY)
    assert (found.kind, list(found.issues)) == ("safety", [])


def test_every_pool_names_rows_and_every_published_ratio_its_study(safety):
    assert all(pool.rows for pool in safety.pools.values())
    assert all(ratio.rows or ratio.note for ratio in safety.ratios.values())


def test_every_modifier_is_off_and_has_a_status(safety):
    assert all(one.off and one.status == "assumed" for one in safety.modifiers.values())


def test_the_ratio_of_deaths_is_in_no_rate(safety):
    rows = [row for ratio in safety.ratios.values() for row in ratio.rows]
    assert not any("death" in row or "malignancy" in row for row in rows)
