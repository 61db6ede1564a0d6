"""Published studies as a table that can be filtered, and one study in full."""

from funis.pipeline.studies.table import filter_studies
from funis.pipeline.studies.values import StudyEntry, StudyFilter, StudyTable

__all__ = ["StudyEntry", "StudyFilter", "StudyTable", "filter_studies"]
