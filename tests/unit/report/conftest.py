"""The example report of a virtual trial, and its page."""

import importlib.util
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

from funis.report import TrialReport, render_trial

Build = Callable[..., TrialReport]


def _example() -> ModuleType:
    path = Path(__file__).with_name("example.py")
    spec = importlib.util.spec_from_file_location("funis_report_example", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def example_module() -> ModuleType:
    return _example()


@pytest.fixture(scope="session")
def example(example_module: ModuleType) -> Build:
    build: Build = example_module.example
    return build


@pytest.fixture(scope="session")
def bare(example_module: ModuleType) -> Build:
    build: Build = example_module.bare
    return build


@pytest.fixture(scope="session")
def report(example: Build) -> TrialReport:
    return example()


@pytest.fixture(scope="session")
def page(report: TrialReport) -> str:
    return render_trial(report)


@pytest.fixture(scope="session")
def pictures(page: str) -> list[ElementTree.Element]:
    """Every outermost picture of the page that funis.report drew, parsed as XML."""
    found: list[ElementTree.Element] = []
    opened: list[int] = []
    for tag in re.finditer(r"<svg\b[^>]*?(/?)>|</svg>", page):
        if tag.group() != "</svg>" and not tag.group(1):
            opened.append(tag.start())
        elif tag.group() == "</svg>":
            start = opened.pop()
            if not opened and page.startswith("<svg xmlns", start):
                found.append(ElementTree.fromstring(page[start : tag.end()]))
    assert not opened
    return found
