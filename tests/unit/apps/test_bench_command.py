"""``funis bench``: what is asked for in vain is refused before anything is measured."""

import pytest


@pytest.mark.parametrize(
    "words", [("--disease", "ra"), ("--disease", "raa"), ("--against", "none")]
)
def test_moves_alone_take_no_word_about_the_engine(funis, monkeypatch, words):
    monkeypatch.setattr("funis.pipeline.bench.bench_moves", lambda *_: pytest.fail("it measured"))
    status, out, err = funis("bench", "--only-moves", *words)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert f"{words[0]}: means nothing beside --only-moves" in err


def test_an_unknown_disease_is_refused_before_anything_is_measured(funis):
    status, out, err = funis("bench", "--disease", "raa", "--against", "none")
    assert (status, out) == (2, "")
    assert "did you mean 'ra'?" in err
