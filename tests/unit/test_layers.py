"""The layers of the package, as the import contract in pyproject.toml states them."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import funis

PACKAGE = Path(funis.__file__).parent
ROOT = Path(__file__).parents[2]
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def root_imports(path):
    """Lines of a module that import the package root rather than one of its layers."""
    layers = {entry.stem for entry in PACKAGE.iterdir()}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            if any(alias.name == "funis" for alias in node.names):
                yield node.lineno
        elif isinstance(node, ast.ImportFrom):
            parts = path.relative_to(PACKAGE).parts
            from_root = node.module == "funis" and node.level == 0
            from_root |= node.module is None and node.level == len(parts)
            if from_root and not {alias.name for alias in node.names} <= layers:
                yield node.lineno


def test_every_import_runs_down_the_layers():
    command = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run(
        [command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "3 kept, 0 broken" in result.stdout


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_nothing_inside_imports_the_package_root(path):
    assert list(root_imports(path)) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("import funis", [1]),
        ("import funis as f", [1]),
        ("from funis import InputError", [1]),
        ("from . import __version__", [1]),
        ("import funis.checks", []),
        ("from funis.checks import InputError", []),
    ],
)
def test_an_import_of_the_root_is_seen(line, found, monkeypatch, tmp_path):
    monkeypatch.setattr(f"{__name__}.PACKAGE", tmp_path)
    (tmp_path / "units.py").write_text(line)
    assert list(root_imports(tmp_path / "units.py")) == found


def test_the_library_holds_data_and_no_python():
    library = PACKAGE / "library"
    assert (library / "diseases").is_dir()
    assert [path for path in library.rglob("*.py*")] == []


def test_the_package_is_quick_to_import():
    code = "import sys, funis, funis.checks, funis.units, funis.store; print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    heavy = {"numpy", "scipy", "polars", "pydantic", "pint", "antimony", "roadrunner", "libsbml"}
    assert heavy & set(result.stdout.split()) == set()


def test_public_names_are_loaded_when_used():
    for name in funis.__all__:
        assert getattr(funis, name) is not None
    assert set(funis.__all__) <= set(dir(funis))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = funis.nonsense
