"""A place of the controls as a trial file that `funis check` and `funis run` take."""

from __future__ import annotations

import re
from collections.abc import Iterator

from funis.checks import InputError, Issue
from funis.models import library_folder
from funis.pipeline.explore.evidence import grade_of
from funis.pipeline.explore.link import permalink
from funis.pipeline.explore.options import LIBRARY, explore_options
from funis.pipeline.explore.state import ExploreState, no_effect
from funis.product import library_product, product_parameters
from funis.report.statement import RESEARCH_USE, SIMULATED

EXPLORED = "explored"
MARK = "explored"
"""End of the id of the trial, beside the disease."""


def explore_protocol(state: ExploreState) -> str:
    """Return a trial file: the regimen beside placebo and cells without effect.

    Criteria, visits, endpoints, estimand and rules are those of the demo trial of the disease.
    Criteria that ask for what the stratum has otherwise are left out, and a remark says so.

    Raises
    ------
    InputError
        The library has no demo trial of the disease.
    """
    path = library_folder() / "trials" / f"{state.disease}_demo.yaml"
    if not path.is_file():
        message = f"the library has no demo trial of '{state.disease}'"
        raise InputError(Issue(None, None, "disease", message, "another disease"))
    blocks = _blocks(path.read_text(encoding="utf-8"))
    parts = [_head(state), _named(state), *_structures(state)]
    parts += [_population(state, blocks["population"]), _arms(state)]
    for name, text in blocks.items():
        if name == "success":
            text = re.sub(r"(?m)^(  arms:) .*$", rf"\1 [{EXPLORED}]", text)
        if name in ("id", "title", "disease", "seed", "population", "arms", "structures"):
            continue
        if name == "scenario" and _names_trait(state, text):
            continue
        parts.append(text.strip("\n"))
    return "\n\n".join(parts) + "\n"


def _blocks(text: str) -> dict[str, str]:
    """Return the top-level keys of a trial file with their text, remarks between them left out."""
    pieces = re.split(r"(?m)^(?=[a-z_]+:)", text)
    found = {piece.partition(":")[0]: piece for piece in pieces if not piece.startswith("#")}
    return {name: re.sub(r"(?m)\n+(#.*\n?)+\Z", "\n", piece) for name, piece in found.items()}


def _head(state: ExploreState) -> str:
    tissue = library_product(state.product).tissue
    lines = [
        "A virtual trial written by Explore.", RESEARCH_USE, SIMULATED,
        grade_of(state.disease, tissue, state.routes).text, f"Place: /explore?{permalink(state)}",
    ]  # fmt: skip
    if state.potency == LIBRARY:
        lines.append("The place took the library's values: funis run --ensemble none does so.")
    if state.null_weight is not None:
        lines.append(
            f"The place gave draws without effect a weight of {state.null_weight:g}: a trial takes"
            " that of the posterior."
        )
    return "\n".join(f"# {line}" for line in lines)


def _named(state: ExploreState) -> str:
    name = explore_options(state.disease).name
    return (
        f"id: {state.disease}_{MARK}\n"
        f"title: Explored regimen of mesenchymal stromal cells, {name}\n"
        f"disease: {state.disease}\n"
        f"seed: {state.seed}"
    )


def _structures(state: ExploreState) -> Iterator[str]:
    if state.structures:
        yield f"structures: [{', '.join(state.structures)}]"


def _population(state: ExploreState, text: str) -> str:
    head, _, body = text.partition("  criteria:\n")
    items = re.split(r"(?m)^(?=    - id:)", body)
    clash = [one for one in items if _names_trait(state, one)]
    kept = [one.strip("\n") for one in items if one.strip() and one not in clash]
    names = [match[1] for one in clash if (match := re.search(r"- id: (\S+)", one))]
    remark = f"  # left out for the stratum: {', '.join(names)}\n" if names else ""
    asked = [_criterion(name, yes) for name, yes in sorted(state.traits.items())]
    lines = "\n".join([*kept, *asked])
    return f"{head}{remark}  criteria:\n{lines}" if lines else f"{head}{remark}".rstrip("\n")


def _names_trait(state: ExploreState, text: str) -> bool:
    return any(re.search(rf"\b{re.escape(name)}\b", _said(text)) for name in state.traits)


def _said(text: str) -> str:
    """Return what a criterion or scenario asks for, without its id, source and remarks."""
    return re.sub(r"(?m)(^\s*(- id|source):.*$|#.*$)", "", text)


def _criterion(name: str, yes: bool) -> str:
    return (
        f"    - id: stratum_{name}\n"
        f"      expression: {name} {'> 0' if yes else '< 1'}\n"
        "      visits: [screening]\n"
        "      source: stratum of the explored place"
    )


def _arms(state: ExploreState) -> str:
    given = "\n".join(_intervention(state, place) for place in range(len(state.routes)))
    scenario = _viability(state)
    nothing = {"potency": 0.0, **scenario}
    own = nothing if no_effect(state) else scenario
    return "\n".join(
        (
            "arms:",
            "  - id: placebo\n    label: Placebo\n    control: placebo\n    reference: true",
            "  - id: no_effect\n    label: Cells without effect (potency 0)",
            _scenario(nothing), f"    interventions:\n{given}",
            f"  - id: {EXPLORED}\n    label: Explored regimen",
            *([_scenario(own)] if own else []), f"    interventions:\n{given}",
        )
    )  # fmt: skip


def _viability(state: ExploreState) -> dict[str, float]:
    if state.hold_minute is None:
        return {}
    return product_parameters(library_product(state.product), state.hold_minute)


def _scenario(values: dict[str, float]) -> str:
    pairs = ", ".join(f"{name}: {_decimal(value)}" for name, value in values.items())
    return f"    scenario: {{{pairs}}}"


def _intervention(state: ExploreState, place: int) -> str:
    key = "dose_cell_per_kg" if state.per_kg else "dose_cell"
    route = state.routes[place]
    return (
        f"      - id: cells_{route}\n"
        f"        product: {state.product}\n"
        f"        {key}: {_scientific(state.doses[place])}\n"
        f"        route: {route}\n"
        f"        schedule: {{start_day: 0, every_day: {state.every_day}, times: {state.times}}}"
    )


def _decimal(value: float) -> str:
    return f"{value:.10f}".rstrip("0").rstrip(".") if value else "0"


def _scientific(value: float) -> str:
    """Return a number as trial files write it, 7.0e+7, exactly."""
    mantissa, _, exponent = f"{value:.16e}".partition("e")
    short = f"{value:.6e}".partition("e")[0]
    if float(f"{short}e{exponent}") == value:
        mantissa = short
    whole, _, part = mantissa.partition(".")
    return f"{whole}.{part.rstrip('0') or '0'}e+{int(exponent)}"
