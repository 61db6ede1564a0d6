"""The blocks of the README as a module of their own."""

import importlib.util
import sys
from pathlib import Path

import pytest


def load():
    spec = importlib.util.spec_from_file_location("blocks", Path(__file__).with_name("blocks.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules["blocks"] = module
    spec.loader.exec_module(module)
    return module


BLOCKS = load()
TEXT = BLOCKS.README.read_text(encoding="utf-8")


def pytest_generate_tests(metafunc):
    """A test for each command that the README shows."""
    if "shown" in metafunc.fixturenames:
        pairs = [
            pair
            for block in BLOCKS.blocks(TEXT)
            if block.kind == "console"
            for pair in BLOCKS.commands(block)
        ]
        metafunc.parametrize("shown", pairs, ids=[command for command, _ in pairs])


@pytest.fixture(scope="session")
def blocks():
    return BLOCKS


@pytest.fixture(scope="session")
def readme():
    return TEXT


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A folder with the files that the README shows."""
    place = tmp_path_factory.mktemp("readme")
    BLOCKS.write_files(TEXT, place)
    return place
