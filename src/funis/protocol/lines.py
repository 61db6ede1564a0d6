"""Where the keys of a protocol stand in its file, so that every issue can say it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from funis.checks import Document, Issue, dotted

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of a file's keys by path.

    Attributes
    ----------
    file : str or None
    lines : mapping of path to int
        Line of each key, e.g. of ``("arms", 1, "interventions", 0, "route")``.
    """

    file: str | None = None
    lines: Mapping[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int | None:
        """Line of ``path``, or of its nearest known ancestor."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return None

    def issue(
        self,
        path: Path,
        message: str,
        *,
        expected: str | None = None,
        nearest: str | None = None,
    ) -> Issue:
        """Error about the key at ``path``, with its file and line."""
        return Issue(self.file, self.line(path), dotted(path), message, expected, nearest)


def lines_of(document: Document) -> Lines:
    """Keep the lines of a document that was read."""
    return Lines(document.file, dict(document.lines))
