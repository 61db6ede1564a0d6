from pathlib import Path

from funis.apps import reference

DOCUMENT = Path(__file__).parents[3] / "docs" / "commands.md"


def test_the_reference_is_current():
    """Renew it with ``python -m funis.apps.reference docs/commands.md``."""
    assert DOCUMENT.read_text(encoding="utf-8") == reference.commands_markdown()


def test_every_command_and_option_is_explained():
    text = reference.commands_markdown()
    for line in text.splitlines():
        if line.startswith("| `"):
            assert line.rstrip("| ").split("|")[-1].strip()
    for name in ("run", "demo", "check", "list", "simulate", "population", "gate placebo"):
        assert f"\n## funis {name}\n" in text


def test_it_is_printed_or_written(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(reference.sys, "argv", ["reference"])
    reference.main()
    assert capsys.readouterr().out == reference.commands_markdown()
    monkeypatch.setattr(reference.sys, "argv", ["reference", str(tmp_path / "c.md")])
    reference.main()
    assert (tmp_path / "c.md").read_text(encoding="utf-8") == reference.commands_markdown()
