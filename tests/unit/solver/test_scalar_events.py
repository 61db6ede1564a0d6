"""Events: triggers, delays, priorities, persistence, values, and what they trigger in turn."""

import numpy as np
import pytest

from funis.checks import InputError
from funis.models.sbml import read_sbml
from funis.solver.scalar import integrate_checked
from funis.solver.scalar.events import after

TIMES = np.linspace(0, 5, 11)


def parameters(**values):
    rows = [f'<parameter id="{k}" value="{v}" constant="false"/>' for k, v in values.items()]
    return f"<listOfParameters>{''.join(rows)}</listOfParameters>"


def rate(**formulas):
    rows = [f'<rateRule variable="{k}">{{{v}}}</rateRule>' for k, v in formulas.items()]
    return f"<listOfRules>{''.join(rows)}</listOfRules>"


def event(trigger, delay=None, priority=None, initial=True, persistent=True, at_trigger=True,
          **values):  # fmt: skip
    flags = f'initialValue="{str(initial).lower()}" persistent="{str(persistent).lower()}"'
    parts = [f"<trigger {flags}>{{{trigger}}}</trigger>"]
    parts += [f"<delay>{{{delay}}}</delay>"] if delay is not None else []
    parts += [f"<priority>{{{priority}}}</priority>"] if priority is not None else []
    rows = [
        f'<eventAssignment variable="{name}">{{{value}}}</eventAssignment>'
        for name, value in values.items()
    ]
    parts += [f"<listOfEventAssignments>{''.join(rows)}</listOfEventAssignments>"] if rows else []
    mode = str(at_trigger).lower()
    return f'<event useValuesFromTriggerTime="{mode}">{"".join(parts)}</event>'


def events(*texts):
    return f"<listOfEvents>{''.join(texts)}</listOfEvents>"


def solved(path, *names, times=TIMES):
    model = read_sbml(path)
    outputs = {name: model.quantities[name].value for name in names}
    return integrate_checked(model, outputs, np.asarray(times), absolute=1e-9, relative=1e-7).T


def same(found, truth):
    np.testing.assert_allclose(found, truth, rtol=1e-7, atol=1e-8)


def test_a_row_at_the_time_of_an_event_holds_the_values_after_it(sbml):
    text = parameters(a=0, b=0, c=0, d=0) + events(
        event("time >= 2", a="1"), event("time > 2", b="1"), event("time == 2", c="1"),
        event("time/49 >= 1", d="1"),
    )  # fmt: skip
    found = solved(sbml(text), "a", "b", "c", "d", times=[0, 1, 2, 3, 49, 50])
    assert found[:3].tolist() == [[0, 0, 1, 1, 1, 1], [0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 1, 1]]
    assert found[3].tolist() == [0, 0, 0, 0, 1, 1]


def test_a_condition_of_the_state_that_meets_an_output(sbml):
    text = (
        parameters(x=0, a=0, b=0, c=0, d=0)
        + rate(x="1/3")
        + events(
            event("x >= 1", a="1"),
            event("x > 1", b="1"),
            event("!(x < 1)", c="1"),
            event("!(x <= 1)", d="1"),
        )
    )
    found = solved(sbml(text), "a", "b", "c", "d", times=[0, 1, 2, 3, 4])
    late, early = [0, 0, 0, 0, 1], [0, 0, 0, 1, 1]
    assert found.tolist() == [early, late, early, late]


def test_a_condition_of_the_state_that_meets_another_event(sbml):
    for first, truth in (("1", 21), ("3", 12)):
        text = (
            parameters(x=0, s=0)
            + rate(x="1/3")
            + events(
                event("x >= 1", priority=first, at_trigger=False, s="10*s + 1"),
                event("time >= 3", priority="2", at_trigger=False, s="10*s + 2"),
            )
        )
        assert solved(sbml(text), "s", times=[0, 1, 2, 3, 4])[0].tolist() == [0, 0, 0, truth, truth]


def test_a_delay_from_a_condition_of_the_state_that_meets_an_output(sbml):
    text = (
        parameters(x=0, a=0, b=0)
        + rate(x="1/3")
        + events(event("x >= 1", delay="1", a="1"), event("x > 1", delay="1", b="1"))
    )
    found = solved(sbml(text), "a", "b", times=[0, 2, 3, 4, 5])
    assert found.tolist() == [[0, 0, 0, 1, 1], [0, 0, 0, 0, 1]]


def test_what_is_true_for_a_short_while_only_is_met(sbml):
    text = (
        parameters(x=1, v=0, a=0, b=0, c=0)
        + rate(x="v", v="-x")
        + events(
            event("sin(time) > 0.999", a="a + 1"),
            event("x < -0.9999", b="b + 1"),
            event("floor(1.0001*x) >= 1", c="c + 1"),
            event("rem(time, 2) == 0", c="c + 100"),
        )
    )
    found = solved(sbml(text), "a", "b", "c", times=[0, 7, 14])
    assert found.tolist() == [[0, 1, 2], [0, 1, 2], [0, 301, 702]]


def test_the_start(sbml):
    text = parameters(a=0, b=0, c=0) + events(
        event("time >= 0", a="1"),
        event("time >= 0", initial=False, b="1"),
        event("time < 0", initial=False, c="1"),
    )
    assert solved(sbml(text), "a", "b", "c")[:, 0].tolist() == [0, 1, 0]


def test_a_sawtooth(sbml):
    text = parameters(x=0, n=0) + rate(x="1") + events(event("x >= 0.7", x="0", n="n + 1"))
    found = solved(sbml(text), "x", "n", times=np.linspace(0, 5, 33))
    times = np.linspace(0, 5, 33)
    same(found, [times % 0.7, times // 0.7])


@pytest.mark.parametrize(("at_trigger", "value"), [(True, 2.0), (False, 3.5)])
def test_a_delay_and_whose_values_it_takes(sbml, at_trigger, value):
    text = (
        parameters(x=0, y=0)
        + rate(x="1")
        + events(event("x >= 2", delay="x - 0.5", at_trigger=at_trigger, y="x"))
    )
    same(solved(sbml(text), "y"), [np.where(TIMES >= 3.5, value, 0)])


def test_a_delay_ends_where_its_decimals_do(sbml):
    assert after(0.1, 0.2) == 0.3
    text = parameters(y=0) + events(event("time >= 0.1", delay="0.2", y="1"))
    assert solved(sbml(text), "y", times=[0, 0.1, 0.2, 0.3]).tolist() == [[0, 0, 0, 1]]


def test_an_event_that_is_not_persistent_is_cancelled(sbml):
    text = parameters(a=0, b=0) + events(
        event("time >= 1 && time < 2", delay="2", a="1"),
        event("time >= 1 && time < 2", delay="2", persistent=False, b="1"),
    )
    assert solved(sbml(text), "a", "b")[:, -1].tolist() == [1, 0]


def test_priorities_order_events_and_are_looked_at_again(sbml):
    text = parameters(s=0, p=1, q=0) + events(
        event("time >= 1", priority="1", at_trigger=False, s="10*s + 1"),
        event("time >= 1", priority="2", at_trigger=False, s="10*s + 2", p="5"),
        event("time >= 1", priority="p - 1", at_trigger=False, s="10*s + 3"),
    )
    assert solved(sbml(text), "s")[0, -1] == 231


def test_values_of_the_trigger_are_those_before_any_event_of_that_moment(sbml):
    text = parameters(a=1, b=2) + events(
        event("time >= 1", priority="2", a="b"), event("time >= 1", priority="1", b="a")
    )
    assert solved(sbml(text), "a", "b")[:, -1].tolist() == [2, 1]


def test_one_event_assigns_all_at_once(sbml):
    text = parameters(a=1, b=2) + events(event("time >= 1", a="b", b="a"))
    assert solved(sbml(text), "a", "b")[:, -1].tolist() == [2, 1]


def test_events_trigger_and_cancel_others_at_once(sbml):
    text = parameters(a=0, b=0, c=0) + events(
        event("time >= 1", priority="3", a="1"),
        event("a > 0", priority="1", b="b + 1"),
        event("time >= 1 && a < 1", priority="2", persistent=False, c="1"),
    )
    assert solved(sbml(text), "a", "b", "c")[:, -1].tolist() == [1, 1, 0]


def test_ties_are_broken_by_chance_that_is_the_same_every_time(sbml):
    text = parameters(a=0, b=0, last=0) + events(
        event("time - last >= 0.01", priority="1", persistent=False, a="a + 1", last="time"),
        event("time - last >= 0.01", priority="1", persistent=False, b="b + 1", last="time"),
    )
    path = sbml(text)
    a, b = solved(path, "a", "b")[:, -1]
    assert 499 <= a + b <= 500
    assert 180 < a < 320
    assert solved(path, "a")[0, -1] == a


def test_a_jump_of_a_size_keeps_amounts(sbml):
    text = (
        '<listOfCompartments><compartment id="C" size="2" constant="false"/></listOfCompartments>'
        "<listOfSpecies>"
        '<species id="A" compartment="C" initialConcentration="3" hasOnlySubstanceUnits="false"'
        ' boundaryCondition="false" constant="false"/>'
        '<species id="B" compartment="C" initialConcentration="3" hasOnlySubstanceUnits="false"'
        ' boundaryCondition="false" constant="false"/>'
        "</listOfSpecies>" + events(event("time >= 1", C="4", B="5"))
    )
    path = sbml(text)
    assert solved(path, "A", "B", "C")[:, -1].tolist() == [1.5, 5, 4]


def test_an_event_without_trigger_or_formula_does_nothing(sbml):
    text = parameters(a=1) + (
        '<listOfEvents><event useValuesFromTriggerTime="true"/>'
        '<event useValuesFromTriggerTime="true"><trigger initialValue="false" persistent="true">'
        "{time >= 1}</trigger><listOfEventAssignments>"
        '<eventAssignment variable="a"/></listOfEventAssignments></event></listOfEvents>'
    )
    assert solved(sbml(text), "a")[0, -1] == 1


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        ([event("x >= 0", x="-1"), event("x < 0", x="1")], "without end at time 1"),
        ([event("time >= 1", delay="-1", x="2")], "the delay of the event 'event 1' is -1"),
        ([event("x == 3.21", x="0")], "an equality that is crossed"),
    ],
)
def test_what_events_cannot_do_is_one_line(sbml, texts, reason):
    start = -1 if "end" in reason else 0
    path = sbml(parameters(x=start) + rate(x="1") + events(*texts))
    with pytest.raises(InputError, match=reason) as found:
        solved(path, "x")
    assert "\n" not in str(found.value)
