"""A disease of a few lines whose solution is known, written to a folder of its own."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from funis.models import Model, load_model

SOURCE = "source: made up for this test"

MODEL = """// name: Tiny
// include: cells
// course: steady
// accumulators: GAINED
D_half := 0.5*DRIVEN;
DRIVEN' = k_driven*(1 + xi - DRIVEN);
DRIVEN = 1;
GAINED' = k_driven*DRIVEN;
GAINED = 0;
input drug drug "a drug";
gain_drug_C := k_drug;
gain_drug_C has per_day;
C' = -k_drug*C;
C = 0;
BLOW' = k_blow*BLOW^2;
BLOW = 1;
"""

CELLS = """// floored: A B
// floor sink: P
// forcing: xi
substanceOnly species A in body; // live
substanceOnly species B in body; // offspring that is no cell given
substanceOnly species P in body; // engulfed
input iv cells "infusion";
gain_iv_A := share;
gain_iv_P := 1 - share;
input local cells "injection";
gain_local_A := 1;
J_die: A -> P; k_die*A;
J_born: -> B; k_die*A;
J_gone: B -> ; k_die*B;
"""

PARAMETERS = f"""parameters:
  share: {{value: 0.75, unit: dimensionless, status: assumed, {SOURCE}}}
  k_die: {{value: 0.5, unit: per_day, status: assumed, {SOURCE}}}
  k_drug: {{value: 0.2, unit: per_day, status: assumed, {SOURCE}}}
  k_driven: {{value: 0.1, unit: per_day, status: assumed, {SOURCE}}}
  k_blow: {{value: 0, unit: per_day, status: assumed, {SOURCE}}}
"""

ENDPOINTS = """components:
  half:
    {name: Half, unit: score, observable: D_half, scale: linear, range: [0, 10], noise_sd: 0,
     shared_noise: 0, expectation: 0, inflation: 0, reporter: laboratory, status: assumed,
     note: made up for this test}
"""


def write_disease(folder: Path) -> Path:
    core, disease = folder / "core", folder / "diseases" / "tiny"
    core.mkdir(parents=True)
    disease.mkdir(parents=True)
    (core / "functions.ant").write_text("")
    (core / "cells.ant").write_text(CELLS)
    (core / "parameters.yaml").write_text("parameters: {}\n")
    (disease / "model.ant").write_text(MODEL)
    (disease / "parameters.yaml").write_text(PARAMETERS)
    (disease / "endpoints.yaml").write_text(ENDPOINTS)
    (disease / "card.md").write_text("# Tiny\n")
    return disease


@pytest.fixture
def tiny_disease(tmp_path: Path) -> Callable[..., Path]:
    """Write the tiny disease, changed by replacing text in its files, and return its folder.

    Keys name the files: model, parameters, endpoints, cells; values are (old, new).
    """

    def write(**changes: tuple[str, str]) -> Path:
        disease = write_disease(tmp_path)
        for name, (old, new) in changes.items():
            path = next(tmp_path.glob(f"{'core' if name == 'cells' else 'diseases/*'}/{name}.*"))
            text = path.read_text()
            assert old in text
            path.write_text(text.replace(old, new, 1))
        return disease

    return write


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Model:
    disease = write_disease(tmp_path_factory.mktemp("library"))
    return load_model(disease, core=disease.parents[1] / "core")


FORMULA = re.compile(r"\{([^{}]*)\}")


def math_text(formula: str) -> str:
    """MathML of an infix formula of SBML Level 3."""
    import libsbml

    settings = libsbml.L3ParserSettings()
    settings.setParseL3v2Functions(True)
    node = libsbml.parseL3FormulaWithSettings(formula, settings)
    assert node is not None, libsbml.getLastParseL3Error()
    text = libsbml.writeMathMLToString(node)
    return text.partition("?>")[2].strip() if text.startswith("<?xml") else text


@pytest.fixture
def sbml(tmp_path: Path) -> Callable[..., Path]:
    """Write an SBML file from the content of its model; {a + b} in it is a formula."""

    def write(content: str, *, level: int = 3, version: int = 2, model: str = "") -> Path:
        body = FORMULA.sub(lambda found: math_text(found[1]), content)
        space = {3: f"level3/version{version}/core", 2: f"level2/version{version}"}[level]
        path = tmp_path / "model.xml"
        path.write_text(
            f'<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<sbml xmlns="http://www.sbml.org/sbml/{space}" level="{level}" version="{version}">\n'
            f'<model id="made_up" {model}>\n{body}\n</model>\n</sbml>\n'
        )
        return path

    return write
