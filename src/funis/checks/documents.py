"""Strict reading of YAML 1.2 files, keeping the line of every key."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from funis.checks.issues import InputError, Issue, nearest

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """The plain content of a file, and the line on which each key stands.

    Attributes
    ----------
    data
        Dictionaries, lists, numbers, text, truth values and None.
    file
        The path as the user gave it.
    lines
        Line, counted from 1, of each key or list item by its path.
    """

    data: Any
    file: str
    lines: Mapping[KeyPath, int]

    def line(self, path: KeyPath) -> int | None:
        """Line of a key, or of the nearest enclosing key that has one."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None


def dotted(path: KeyPath) -> str | None:
    """A key path as people write it, ``arms[1].route``; none for the whole document."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or None


def read_yaml(path: str | Path, *, keep: bool = True) -> Document:
    """Read a YAML 1.2 file that YAML 1.1 readers would read alike.

    Plain scalars whose meaning depends on the reader are errors: exponents without a sign or a
    decimal point (``4.0e7``), leading zeros, ``0x``, ``1:30``, ``1_000``, ``yes`` and ``no``.
    Tags, aliases, merge keys, duplicate keys and several documents are errors too.

    Parameters
    ----------
    path
        The file.
    keep
        Whether what is read may be kept, in memory and on a shelf, to be read more quickly again.

    Raises
    ------
    InputError
        For a missing file, broken YAML and the above, each with its line.
    """
    from funis.checks.yaml_reader import read, read_once

    file = str(path)
    data, lines = (read if keep else read_once)(_read_text(Path(path), file), file)
    return Document(data, file, lines)


def parse_yaml(text: str, name: str) -> Document:
    """Read a YAML text as strictly as a file; faults call it by a name, and nothing is kept of it.

    Raises
    ------
    InputError
        As ``read_yaml``.
    """
    from funis.checks.yaml_reader import read_once

    data, lines = read_once(text, name)
    return Document(data, name, lines)


def _read_text(path: Path, file: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        near = nearest(path.name, siblings)
        raise InputError(Issue(file, None, None, "no such file", nearest=near)) from None
    except IsADirectoryError:
        raise InputError(Issue(file, None, None, "is a folder", "a YAML file")) from None
    except UnicodeDecodeError:
        raise InputError(Issue(file, None, None, "is not text", "YAML in UTF-8")) from None
    except OSError as error:
        problem = error.strerror or "cannot be read"
        raise InputError(Issue(file, None, None, problem.lower())) from None
