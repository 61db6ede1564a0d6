"""A study as a value: size, arms, parameters that an arm sets, products."""

from funis.trial import week_minute
from funis.trial.study import products_of


def test_size_and_horizon(study):
    plan = study(n=7)
    assert plan.size == 14
    assert plan.arm_ids == ("placebo", "msc")
    assert plan.horizon_minute == 12 * 7 * 1440
    assert week_minute(0.5) == 5040


def test_an_arm_sets_its_products_viability_then_its_scenario(study):
    plan = study()
    placebo, msc = plan.protocol.arms
    assert plan.parameters_of(placebo) == {}
    assert set(plan.parameters_of(msc)) == {"viability"}
    other = study(("label: Cells", "label: Cells\n    scenario: {viability: 0.5, potency: 0}"))
    assert other.parameters_of(other.protocol.arm("msc")) == {"viability": 0.5, "potency": 0.0}


def test_products_of_an_arm_are_named_once(study):
    plan = study()
    assert products_of(plan.protocol.arm("msc"), ()) == ("uc_msc_reference",)
    assert products_of(plan.protocol.arm("placebo"), ()) == ()


def test_what_reaches_the_vein(study):
    assert all(0 < share <= 1 for share in study().recovered.values())


def test_a_structure_comes_after_the_product_and_before_the_scenario(study):
    plan = study(
        (
            "label: Cells",
            "label: Cells\n    structures: [antibody_kills]\n    scenario: {potency: 0}",
        )
    )
    msc = plan.parameters_of(plan.protocol.arm("msc"))
    assert list(msc) == ["viability", "k_antibody", "potency"]
    assert plan.parameters_of(plan.protocol.arm("placebo")) == {}
