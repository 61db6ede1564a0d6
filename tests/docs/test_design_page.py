"""The examples of docs/design.md: renew them with ``python tests/docs/test_design_page.py``."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

PAGE = Path(__file__).parents[2] / "docs" / "design.md"


def test_the_examples_print_what_the_page_says(tmp_path, blocks):
    shown = [block for block in blocks.blocks(PAGE.read_text("utf-8")) if block.kind == "console"]
    pairs = [pair for block in shown for pair in blocks.commands(block)]
    assert len(pairs) == 3
    for command, said in pairs:
        printed = blocks.run(command, tmp_path)
        assert blocks.agrees(said, printed), "\n".join(printed)


def test_links_of_the_page_lead_somewhere():
    import re

    for link in re.findall(r"\]\(([^)#]+)", PAGE.read_text("utf-8")):
        assert (PAGE.parent / link).exists(), link


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    from blocks import renew

    with TemporaryDirectory() as place:
        PAGE.write_text(renew(PAGE.read_text("utf-8"), Path(place)), "utf-8")
