"""What the page of a job shows of a result: labels for ids, arm beside arm, warnings."""

from funis.pipeline.run import run_trial
from funis.pipeline.runs.headline import contrast_words
from funis.pipeline.runs.shown import shown_of_design, shown_of_run


def test_a_run_is_shown_in_labels_with_both_arms_beside_their_difference():
    found = run_trial("ra_two_arm", patients=4, workers=1, twins=2)
    shown = shown_of_run(found.document, found.report)
    first = shown["contrasts"][0]
    assert first["words"] == (
        "1 million/kg monthly, 4 times minus Placebo, ACR 20 % response at week 12"
    )
    assert first["treated"].count("%") == first["control"].count("%") == 3
    assert first["difference"].endswith("percentage points")
    assert first["rule"] == found.document["success"][0]["verdict"]
    assert shown["arms"] == {"Placebo": 4, "1 million/kg monthly, 4 times": 4}
    assert [len(row) for row in shown["endpoints"]] == [3] * len(shown["endpoints"])
    assert "no effect has a probability of 7% after" in shown["alerts"][0]["text"]


def test_a_contrast_without_words_keeps_its_ids():
    row = {"arm": "msc", "reference": "placebo", "endpoint": "ACR20@12", "unit": "proportion"}
    assert contrast_words(row) == "msc minus placebo, ACR20 at week 12"
    assert contrast_words(row, {"msc": "Cells"}) == "Cells minus placebo, ACR20 at week 12"


def test_a_design_warns_as_its_run_does(small_design):
    shown = shown_of_design(small_design.plan, "borrowed")
    assert shown["labels"]["placebo"] == "Placebo"
    assert shown["endpoint"] == "ACR 20 % response at week 12"
    assert "no effect has a probability of 7% after" in shown["alerts"][0]["text"]
    assert shown_of_design(small_design.plan, "none")["alerts"] == []
