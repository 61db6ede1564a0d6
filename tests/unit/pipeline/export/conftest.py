"""A run folder of a few patients, read back as an export reads it."""

import pytest

from funis.pipeline.export.marks import marks_of
from funis.pipeline.export.record import read_run
from funis.pipeline.export.tables import analysis_tables
from funis.pipeline.run import results_document, write_run


@pytest.fixture(scope="session")
def folder(done, tmp_path_factory):
    place = tmp_path_factory.mktemp("export") / "run"
    write_run(done, results_document(done), place)
    return place


@pytest.fixture(scope="session")
def record(folder):
    return read_run(folder)


@pytest.fixture(scope="session")
def tables(record):
    return {one.name: one for one in analysis_tables(record)}


@pytest.fixture(scope="session")
def marks(record):
    return marks_of(record.trial, record.evidence, 5)
