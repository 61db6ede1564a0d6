"""What the page of the dose and schedule search shows is what the command prints."""


def test_the_example_of_the_search_prints_what_its_page_says(blocks, tmp_path):
    text = (blocks.ROOT / "docs" / "optimise.md").read_text(encoding="utf-8")
    block = next(one for one in blocks.blocks(text) if one.kind == "console")
    for command, said in blocks.commands(block):
        printed = blocks.run(command, tmp_path)
        assert blocks.agrees(said, printed), "\n".join(printed)
