"""Data out: a run as analysis tables in the formats of others, a trial as a protocol document."""

from funis.pipeline.export.formats import FORMATS, NAMES
from funis.pipeline.export.write import Export, check_export_folder, export

__all__ = ["FORMATS", "NAMES", "Export", "check_export_folder", "export"]
