"""A line of the disease replaces the line of a fragment that defines the same thing."""

from funis.models.compose import read_text

CORE = """\
stroma := 1;  // none
IL10 := 0.5;  // fast k_IL10. as algebra
D' = k_D*(1 - D);  // damage
D = 1;
D has per_day;
J_a: M -> N; k*M;
"""
OWN = """\
// include: shared
stroma := FLS;  // its own
D' = k_D*(2 - D);  // another damage
J_a: M -> N; 2*k*M;
"""


def composed(tmp_path):
    (tmp_path / "shared.ant").write_text(CORE)
    own = tmp_path / "model.ant"
    own.write_text(OWN)
    return read_text("invented", own, tmp_path)


def test_what_the_disease_defines_stands_once_and_as_the_disease_has_it(tmp_path):
    lines = [line.text for line in composed(tmp_path).lines if line.text]
    assert [text for text in lines if text.startswith("stroma")] == ["stroma := FLS;"]
    assert [text for text in lines if text.startswith("D'")] == ["D' = k_D*(2 - D);"]
    assert [text for text in lines if text.startswith("J_a")] == ["J_a: M -> N; 2*k*M;"]


def test_what_it_does_not_define_stays(tmp_path):
    text = composed(tmp_path)
    lines = [line.text for line in text.lines]
    assert {"IL10 := 0.5;", "D = 1;", "D has per_day;"} <= set(lines)
    assert text.rules == ("IL10", "stroma")
    assert text.descriptions["D"] == "another damage"
