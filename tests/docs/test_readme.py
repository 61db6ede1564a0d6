"""Everything that the README shows: renew its output with ``python tests/docs/blocks.py``."""

import re
from pathlib import Path


def test_a_command_prints_what_the_readme_says(shown, folder, blocks):
    command, said = shown
    printed = blocks.run(command, folder)
    assert blocks.agrees(said, printed), "\n".join(printed)


def test_the_example_prints_what_the_readme_says(readme, folder, blocks):
    found = blocks.blocks(readme)
    pairs = [
        (block, found[place + 1])
        for place, block in enumerate(found[:-1])
        if block.kind == "python"
    ]
    assert pairs
    for example, said in pairs:
        assert said.kind == "text"
        printed = blocks.run_python(example.body, folder)
        assert blocks.agrees(said.body.splitlines(), printed), "\n".join(printed)


def test_links_lead_somewhere(readme, blocks):
    links = re.findall(r"\]\(([^)#]+)\)", readme)
    assert links
    for link in links:
        assert link.startswith("https://") or (Path(blocks.ROOT) / link).exists(), link


def test_the_two_commands_are_those_of_the_makefile(readme, blocks):
    makefile = (blocks.ROOT / "Makefile").read_text(encoding="utf-8")
    for name in ("demo", "test"):
        assert f"make {name}" in readme
        assert f"\n{name}: install\n" in makefile


def test_the_research_use_statement_stands_near_the_top(readme):
    from funis.report import RESEARCH_USE

    assert RESEARCH_USE in " ".join(readme[:900].replace("**", "").replace("\n> ", " ").split())


def test_dots_stand_for_any_number_of_lines(blocks):
    assert blocks.agrees(["a", "...", "c"], ["a", "b", "b", "c"])
    assert blocks.agrees(["a", "..."], ["a"])
    assert not blocks.agrees(["a", "...", "c"], ["a", "b"])
    assert not blocks.agrees(["a"], ["a", "b"])
    assert blocks.shortened(["x", "...", "y"], ["1", "2", "3", "4"]) == ["1", "...", "4"]
    assert blocks.shortened(["x"], ["1", "2"]) == ["1", "2"]
