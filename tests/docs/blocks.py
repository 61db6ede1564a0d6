"""The fenced blocks of the README: what they run, and what they say comes out.

``python tests/docs/blocks.py`` runs every command and example again and renews their output. A line
``...`` stands for any number of lines.
"""

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
FENCE = re.compile(
    r"(?:<!-- file: (?P<file>.*?) -->\n\n)?```(?P<kind>\w*)\n(?P<body>.*?)```", re.DOTALL
)
DERIVED = re.compile(r"<!-- file: (?P<new>\S+) from (?P<old>\S+): (?P<a>.+?) -> (?P<b>.+?) -->")
ANY = "..."


@dataclass(frozen=True)
class Block:
    """One fenced block and its place in the text."""

    kind: str
    body: str
    file: str | None
    start: int
    end: int


def blocks(text):
    """All fenced blocks of a text."""
    return [
        Block(m["kind"], m["body"], m["file"] if m["file"] and " from " not in m["file"] else None,
              m.start("body"), m.end("body"))
        for m in FENCE.finditer(text)
    ]  # fmt: skip


def write_files(text, folder):
    """Write the files that the README shows, and those that differ from them in one place."""
    for block in blocks(text):
        if block.file is not None:
            (folder / block.file).write_text(block.body, encoding="utf-8")
    for found in DERIVED.finditer(text):
        content = (folder / found["old"]).read_text(encoding="utf-8")
        assert found["a"] in content
        changed = content.replace(found["a"], found["b"])
        (folder / found["new"]).write_text(changed, encoding="utf-8")


def commands(block):
    """Pairs of a command and the lines that are said to come out."""
    pairs = []
    for line in block.body.splitlines():
        if line.startswith("$ "):
            pairs.append((line[2:], []))
        else:
            pairs[-1][1].append(line)
    return pairs


def run(command, folder):
    """What a command prints, on both outputs, without blank ends."""
    return _output(shlex.split(command), folder)


def run_python(body, folder):
    """What an example prints."""
    return _output(["python", "-c", body], folder)


def agrees(said, printed):
    """Whether printed lines are those that are said, ``...`` standing for any number of lines."""
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == ANY else re.escape(line.rstrip()) + r"\n" for line in said
    )
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in printed)) is not None


def shortened(said, printed):
    """Printed lines cut where the text had cut them."""
    if ANY not in said:
        return printed
    at = said.index(ANY)
    before, after = at, len(said) - at - 1
    if len(printed) <= before + after:
        return printed
    return [*printed[:before], ANY, *(printed[-after:] if after else [])]


def renew(text, folder):
    """Text with the output of every command and example renewed."""
    write_files(text, folder)
    parts, last, example = [], 0, None
    for block in blocks(text):
        body = block.body
        if block.kind == "console":
            lines = []
            for command, said in commands(block):
                lines += [f"$ {command}", *shortened(said, run(command, folder))]
            body = "".join(f"{line}\n" for line in lines)
        elif block.kind == "python":
            example = body
        elif block.kind == "text" and example is not None:
            body = "".join(f"{line}\n" for line in run_python(example, folder))
            example = None
        parts += [text[last : block.start], body]
        last = block.end
    return "".join([*parts, text[last:]])


def _output(words, folder):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": "100", "POLARS_FMT_MAX_COLS": "8"}
    done = subprocess.run(
        words, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, check=False,
    )  # fmt: skip
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    return lines


if __name__ == "__main__":
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as place:
        README.write_text(renew(README.read_text(encoding="utf-8"), Path(place)), encoding="utf-8")
