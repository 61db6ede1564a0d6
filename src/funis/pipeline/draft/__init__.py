"""A trial as it is being written: its text, what is wrong with it, what it means in numbers.

text -> changes -> text -> issues and outline
"""

from funis.pipeline.draft.changes import Changed, changed
from funis.pipeline.draft.check import DraftCheck, check_draft
from funis.pipeline.draft.draft import Draft, empty_draft, library_draft

__all__ = [
    "Changed", "Draft", "DraftCheck", "changed", "check_draft", "empty_draft", "library_draft",
]  # fmt: skip
