"""A single run says that it holds no interim looks."""

from funis.models import library_folder
from funis.pipeline.looks import looks_not_held
from funis.protocol import load_protocol


def test_a_run_of_a_trial_with_looks_warns_in_one_line(tmp_path):
    path = tmp_path / "trial.yaml"
    text = (library_folder() / "trials" / "ra_two_arm.yaml").read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    assert looks_not_held(load_protocol(path)) == []
    path.write_text(f"{text}\ninterim: {{looks: [0.5, 1]}}\n", encoding="utf-8")
    (issue,) = looks_not_held(load_protocol(path))
    assert issue.severity == "warning"
    line = len(text.splitlines()) + 2
    assert str(issue).startswith(f"{path}:{line}: warning: interim: interim looks are not held")
