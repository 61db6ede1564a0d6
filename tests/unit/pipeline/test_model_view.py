"""A disease's model as a reader sees it: nothing is shown that the equations do not say."""

import math
import shutil
from xml.etree import ElementTree

import numpy as np
import pytest

from funis.checks import InputError
from funis.models import disease_ids, load_model
from funis.models.model import find_disease, library_folder
from funis.pipeline.credibility.card import read_tables
from funis.pipeline.model_view import model_view, why_parameter
from funis.pipeline.model_view.arrows import influences
from funis.pipeline.model_view.difference import compare_folder
from funis.pipeline.model_view.document import card_documents, model_document, model_file
from funis.pipeline.model_view.equations import equations, names_in, pieces
from funis.pipeline.model_view.links import source_pieces
from funis.pipeline.model_view.listing import node_tables, trust_tables, why_tables
from funis.pipeline.model_view.mathml import equation_markup, formula_tree
from funis.pipeline.model_view.numbers import chosen

FUNCTIONS = {
    "h1": lambda x, k: x * (1 + k) / (k + x),
    "h2": lambda x, k: x**2 * (1 + k**2) / (k**2 + x**2),
    "h4": lambda x, k: x**4 * (1 + k**4) / (k**4 + x**4),
    "inh": lambda x, k: (k + 1) / (k + x),
    "sat": lambda x: 1.5 * x / (0.5 + x),
    "odds": lambda p, x: p * x / (1 - p + p * x),
    "exp": math.exp, "ln": math.log, "sqrt": math.sqrt,
}  # fmt: skip


@pytest.fixture(scope="module")
def view():
    return model_view("ra")


@pytest.fixture(scope="module")
def views():
    return {disease: model_view(disease) for disease in disease_ids()}


def point(model):
    """Return a state away from equilibrium, and the values of everything there."""
    form = model.form
    fixed = np.array([form.defaults])
    fixed = np.hstack([fixed, form.derived(fixed)])
    states = form.start(fixed) * 1.3 + np.linspace(0.1, 0.4, len(form.states))
    values = dict(zip(form.arguments, np.hstack([states, fixed])[0], strict=True))
    outputs = form.observe(form.outputs, states, fixed)[0]
    return form, states, fixed, values | dict(zip(form.outputs, outputs, strict=True))


def worth(text, values):
    tree = compile(text.replace("^", "**"), "", "eval")
    return eval(tree, {"__builtins__": {}}, {**FUNCTIONS, **values})


@pytest.mark.parametrize("disease", ["ra", "ms", "t1d"])
def test_every_equation_shown_has_the_value_of_the_equation_that_is_solved(disease):
    model = load_model(disease)
    form, states, fixed, values = point(model)
    rates = dict(zip(form.states, form.rates_at(states, fixed)[0], strict=True))
    for one in equations(model):
        known = rates | {name: v for name, v in values.items() if name not in form.states}
        if one.id in known:
            assert worth(one.text, values) == pytest.approx(known[one.id], rel=1e-9), one.id


def test_every_state_has_one_equation(views):
    for view in views.values():
        kinds = [one for one in view.equations if one.kind in ("state", "cells", "fast")]
        assert sorted(one.id for one in kinds) == sorted(view.graph.states)


def test_every_formula_is_well_formed_markup(views):
    for view in views.values():
        for one in (*view.equations, *view.functions):
            markup = one.markup if one.kind != "function" else equation_markup("", one.text)
            assert ElementTree.fromstring(markup).tag.endswith("math")
        for measure in view.measures:
            for rule in measure.rules:
                ElementTree.fromstring(rule.markup)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a - (b - c)", "a−(b−c)"), ("a - b - c", "a−b−c"), ("(a + b)*c", "(a+b)·c"),
        ("-a*b + c", "−a·b+c"), ("a*(-b)", "a·(−b)"), ("(a + b)^2", "(a+b)2"),
        ("not (a < 2 and b >= 3)", "not (a<2 and b≥3)"), ("a or b and c", "a or b and c"),
        ("1e-6*x", "1·10-6·x"), ("f(x, 2)", "f(x,2)"),
    ],
)  # fmt: skip
def test_brackets_stand_where_the_order_needs_them(text, shown):
    element = ElementTree.fromstring(equation_markup("", text))
    assert "".join(element.itertext()) == shown


def test_names_of_formulas_cannot_break_the_markup():
    assert "<b" not in equation_markup("", "x < b")
    with pytest.raises(SyntaxError):
        formula_tree("<script>")


def test_equations_and_parameters_lead_to_each_other(views):
    for view in views.values():
        for one in view.equations:
            for name in one.parameters:
                assert one.id in view.by_number[name].equations
            for name in one.uses:
                assert one.id in view.by_equation[name].used_by
        for number in view.numbers:
            for name in number.equations:
                assert number.id in view.by_equation[name].parameters


def test_a_parameter_in_no_equation_says_what_it_is_for(views):
    for view in views.values():
        idle = [one for one in view.numbers if not one.equations and not one.outside]
        assert all(one.covariate for one in idle)


def test_signs_are_those_of_the_equations(view):
    signs = {(one.source, one.target): one.sign for one in view.graph.arrows if not one.asleep}
    assert signs["TRG", "TH1"] == "lowers"
    assert signs["IL10", "TNF"] == "lowers"
    assert signs["M1", "IL6"] == "raises"
    assert signs["U_sys", "TRG"] == "raises"
    assert signs["C_steroid", "M1"] == "lowers"
    assert signs["M_bl", "M_lu"] == "flows"
    assert signs["SYN", "DAS28_CRP"] == "enters"


def test_an_arrow_goes_where_a_change_of_its_source_changes_the_rate():
    model = load_model("ra")
    graph, form = influences(model), model.full_form
    fixed = np.array([form.defaults])
    fixed = np.hstack([fixed, form.derived(fixed)])
    states = form.start(fixed) * 1.1 + 0.2
    moves = form.jacobian_at(states, fixed)[0]
    awake = [one for one in graph.arrows if not one.asleep and one.sign != "enters"]
    step = {name: {name} for name in (*graph.states, *graph.signals)}
    reached = {name: {one.target for one in awake if one.source == name} for name in step}
    for _ in graph.signals:
        for name in reached:
            through = reached[name] & {*graph.signals}
            reached[name] = reached[name].union(*(reached[signal] for signal in through))
    for column, source in enumerate(graph.states):
        changed = {graph.states[row] for row in np.flatnonzero(moves[:, column])} - {source}
        assert changed <= reached[source], source
        assert {*graph.states} & reached[source] - {source} <= changed, source


def test_an_influence_that_a_structure_switches_on_sleeps_by_default(view):
    asleep = {(one.source, one.target): one.structures for one in view.graph.arrows if one.asleep}
    assert asleep["VEGF", "SYN"] == ("vegf_pannus",)
    assert "antibody_kills" in asleep["HLA", "M_lu"]
    form = next(one for one in view.forms if one.id == "vegf_pannus")
    assert [(one.source, one.target) for one in form.woken] == [("VEGF", "SYN")]


def test_no_two_nodes_stand_on_each_other(views):
    for view in views.values():
        nodes = view.places.nodes
        for at, one in enumerate(nodes):
            assert one.width / 2 <= one.x <= view.places.width
            assert one.y + one.height / 2 <= view.places.height
            for other in nodes[:at]:
                apart = abs(one.x - other.x) >= (one.width + other.width) / 2 - 0.01
                assert apart or abs(one.y - other.y) >= (one.height + other.height) / 2 - 0.01


def test_the_picture_names_itself_and_opens_every_equation(view):
    svg = view.svg(link="/model/ra/equations#eq-{id}")
    root = ElementTree.fromstring(svg)
    tag = "{http://www.w3.org/2000/svg}"
    assert root[0].tag == f"{tag}title"
    assert root[1].tag == f"{tag}desc"
    links = {one.get("href") for one in root.iter(f"{tag}a")}
    assert "/model/ra/equations#eq-TH1" in links
    assert len(links) == len(view.places.nodes)
    assert "style=" not in svg
    assert "<style" not in svg
    assert view.svg() == model_view("ra").svg()


def test_a_picture_that_stands_alone_carries_its_statement(view):
    assert "Not a medical device" in model_file(view, "svg")
    assert "Not a medical device" in model_file(view, "antimony")


def test_the_antimony_file_is_the_model(view):
    from funis.models.compose import sbml_text

    assert sbml_text(model_file(view, "antimony"), "ra") == model_file(view, "sbml")


def test_statuses_add_up_and_filters_keep_what_fits(view):
    assert sum(view.counts.values()) == len(view.numbers) == len(view.model.parameters)
    measured = chosen(view.numbers, status="measured")
    assert len(measured) == view.counts["measured"]
    assert [one.id for one in chosen(view.numbers, words="Patel non-classical")] == ["k_lm"]
    assert chosen(view.numbers, words="no such words") == ()


def test_patients_lie_around_the_value(views):
    for view in views.values():
        for one in view.numbers:
            if one.low is not None:
                assert one.low <= one.value <= one.high, one.id


def test_before_any_study_a_third_of_the_belief_is_on_no_effect(view):
    potency = next(one for one in view.estimates if one.parameter == "potency")
    assert [one.basis for one in potency.spreads] == ["prior", "own", "borrowed"]
    assert potency.spreads[0].nothing == pytest.approx(0.3, abs=0.01)
    for one in view.estimates:
        for spread in one.spreads:
            assert list(spread.quantiles) == sorted(spread.quantiles)


def test_sources_open_where_they_name_a_place():
    found = dict(source_pieces("Patel 2017, 10.1084/jem.20170355; PMC3279133, arXiv 1412.6566."))
    assert found["10.1084/jem.20170355"] == "https://doi.org/10.1084/jem.20170355"
    assert found["PMC3279133"].endswith("/PMC3279133/")
    assert found["arXiv 1412.6566"] == "https://arxiv.org/abs/1412.6566"
    assert (
        "".join(text for text, _ in source_pieces("see https://a.org/x.")) == "see https://a.org/x."
    )
    assert source_pieces("javascript:alert(1)") == (("javascript:alert(1)", None),)


def test_a_formula_is_cut_at_its_names():
    assert pieces("a*b_1 + a", ["a", "b_1"]) == (
        ("a", "a"), ("*", None), ("b_1", "b_1"), (" + ", None), ("a", "a"),
    )  # fmt: skip
    assert names_in("h1(x, K)*exp(y)") == ("x", "K", "y")


def test_why_leads_from_a_number_to_its_source_and_its_equations():
    found = why_parameter("ra", "k_lm")
    assert ("10.1084/jem.20170355", "https://doi.org/10.1084/jem.20170355") in found.pieces
    assert {"LM_lu", "LM_ls", "LM_ti"} <= {one.id for one in found.equations}
    assert found.estimate is not None
    assert why_tables(found)[0].title.startswith("k_lm")


def test_why_knows_structures_and_products():
    form = why_parameter("ra", "structure:dose_flat")
    assert form.kind == "structure"
    assert "dose_scale = 7" in form.value
    assert why_parameter("ra", "dose_flat").kind == "parameter"
    assert why_parameter("ra", "secretome_only").kind == "structure"
    product = why_parameter("ra", "product:uc_msc_reference:hold")
    assert product.status == "assumed"
    assert product.value == "30 min"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("potencyy", "did you mean 'potency'"), ("structure:dose_flatt", "'dose_flat'"),
        ("product:uc_msc_referenc:hold", "uc_msc_reference"),
        ("product:uc_msc_reference:holt", "did you mean 'hold'"), ("product:", "unknown"),
        ("product:pyproject.toml:hold", "unknown product"),
    ],
)  # fmt: skip
def test_an_unknown_number_is_one_line_with_the_nearest(name, words):
    with pytest.raises(InputError, match=words):
        why_parameter("ra", name)


def test_what_failed_is_what_the_generated_page_says(views):
    for disease, view in views.items():
        page = (library_folder() / "credibility" / f"{disease}.md").read_text(encoding="utf-8")
        lines = page.split("## What failed\n\n")[1].split("\n\n")[0].splitlines()
        assert [f"- {line}" for line in view.trust.failures] == lines
        assert view.trust.validation.tables
        assert {"population", "placebo", "pharmacology"} <= {*view.trust.gates}
        assert trust_tables(view)[0].title == "What failed"


def test_a_row_with_an_empty_first_cell_keeps_its_columns():
    (table,) = read_tables(
        ["| step | asked |", "| --- | --- |", "| a | b |", "|  | c |", "| d |  |"]
    )
    assert table.rows == (("a", "b"), ("", "c"), ("d", ""))


def test_each_structure_says_which_equations_it_changes(view):
    for form in view.forms:
        assert form.weight == "not weighed"
        for change in form.changes:
            for name in change.equations:
                assert change.parameter in view.by_equation[name].parameters
    assert all(form.moved for form in view.forms)


def test_a_folder_of_ones_own_has_no_page_of_tests(tmp_path):
    shutil.copytree(find_disease("ra"), tmp_path / "ra")
    own = model_view(str(tmp_path / "ra"))
    assert not own.trust.computed
    assert own.trust.failures == ()
    assert own.estimates == ()
    library = model_view("ra").equations
    assert [(one.id, one.text) for one in own.equations] == [(o.id, o.text) for o in library]


def test_scores_are_made_of_measures_that_are_there(views):
    for view in views.values():
        known = {one.id for one in view.measures}
        levels = {*view.model.endpoints.conditions}
        for one in view.measures:
            assert {*one.parts} <= known | levels
            assert one.observable is None or one.observable in view.by_equation


def test_a_node_is_told_with_its_neighbours(view):
    facts = node_tables(view, "TH1")[0].rows
    assert any("lowered by TRG" in words for _, words in facts)
    with pytest.raises(InputError, match="did you mean 'TH1'"):
        node_tables(view, "TH2")


def test_the_document_holds_the_statement_and_every_part(view):
    document = model_document(view)
    assert "Not a medical device" in document["research_use"]
    assert len(document["parameters"]) == len(view.numbers)
    assert document["failed"] == list(view.trust.failures)


def test_the_cards_name_every_disease_and_its_failures(views):
    for card in card_documents():
        view = views[card["id"]]
        assert card["name"] == view.model.name
        assert card["failed"] == len(view.trust.failures)


@pytest.fixture
def fork(tmp_path):
    folder = tmp_path / "ra"
    shutil.copytree(find_disease("ra"), folder)
    for name, old, new in (
        ("model.ant", "0.5*D + 0.3*FLS", "0.6*D + 0.2*FLS"),
        ("parameters.yaml", "k_SYN: {value: 0.06", "k_SYN: {value: 0.08"),
    ):
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new), encoding="utf-8")
    return folder


def test_a_fork_differs_where_it_was_changed_and_nowhere_else(fork):
    found = compare_folder("ra", fork, courses=False)
    assert [(one.way, one.id, one.part) for one in found.equations] == [
        ("changed", "SYN", "formula")
    ]
    (number,) = found.parameters
    assert (number.id, number.ours, number.theirs) == ("k_SYN", "0.06", "0.08")
    assert not found.same
    assert compare_folder("ra", find_disease("ra"), courses=False).same


def test_what_is_new_or_gone_in_a_fork_is_said(fork):
    text = (fork / "model.ant").read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if not line.startswith("sharp_total :=")]
    changed = "\n".join([*kept, "my_own := 2*SYN;  // mine"])
    (fork / "model.ant").write_text(changed, encoding="utf-8")
    ways = {one.id: one.way for one in compare_folder("ra", fork, courses=False).equations}
    assert ways == {"sharp_total": "removed", "my_own": "added", "SYN": "changed"}


def test_courses_of_two_models_stand_beside_their_untreated_twins():
    found = compare_folder("ra", find_disease("ra"), weeks=2.0, patients=4, workers=1)
    assert found.document()["evidence"].startswith("Evidence:")
    for course in (found.courses.ours, found.courses.theirs):
        for one in course.series:
            assert {"low", "median", "high"} <= {*one.treated} & {*one.untreated}
    table = found.tables()[-1]
    assert table.columns == (
        "", "treated, ours", "treated, other", "untreated, ours", "untreated, other",
    )  # fmt: skip
    assert all(row[1] == row[2] and row[3] == row[4] for row in table.rows)


def test_a_folder_without_a_model_is_one_line(tmp_path):
    with pytest.raises(InputError, match=r"holds no model\.ant"):
        compare_folder("ra", tmp_path)
