import shutil

import pytest

from funis.models import library_folder
from funis.pipeline.check import check_file, check_files, library_paths

ROOT = library_folder()


@pytest.mark.parametrize("path", library_paths(), ids=lambda path: path.name)
def test_the_library_is_without_errors(path):
    checked = check_file(path)
    assert checked.kind is not None
    assert [str(issue) for issue in checked.issues.errors] == []


def test_without_files_the_library_is_checked(monkeypatch):
    paths = [ROOT / "trials" / "ra_demo.yaml"]
    monkeypatch.setattr("funis.pipeline.check.library_paths", lambda: paths)
    assert [item.kind for item in check_files()] == ["trial"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("trials/ra_two_arm.yaml", "trial"),
        ("products/uc_msc_reference.yaml", "product"),
        ("protocols/ra_iv.yaml", "protocol"),
        ("evidence/ra.yaml", "evidence"),
        ("evidence/ra_natural.yaml", "evidence"),
        ("diseases/ra/parameters.yaml", "disease"),
    ],
)
def test_kinds_are_recognised(name, kind):
    assert check_file(ROOT / name).kind == kind


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("trials/ra_two_arm.yaml", "label:", "lable:", "unknown key.*did you mean 'label'"),
        ("trials/ra_two_arm.yaml", "[0, 4, 12, 24]", "[0, 12, 4, 24]", "visits out of order"),
        ("trials/ra_two_arm.yaml", "1.0e+6", "4.0e7", r"expected 4\.0e\+7 .without the sign"),
        ("trials/ra_two_arm.yaml", "1.0e+6", "-1.0e+6", "is too small; expected a number"),
        ("trials/ra_two_arm.yaml", "1.0e+6", "0", "is too small; expected a number"),
        ("products/uc_msc_reference.yaml", "tissue:", "tisue:", "did you mean 'tissue'"),
        ("protocols/ra_iv.yaml", "route: iv", "route: ivv", "unknown route 'ivv'.*mean 'iv'"),
        ("protocols/ra_iv.yaml", "disease: ra", "disease: rb", "unknown disease 'rb'"),
    ],
)
def test_a_fault_is_told_with_file_and_line(tmp_path, name, old, new, words):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "file.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    line = text[: text.index(old)].count("\n") + 1
    found = [str(issue) for issue in check_file(path).issues.errors]
    import re

    assert any(one.startswith(f"{path}:{line}: ") and re.search(words, one) for one in found), found


def test_a_copied_disease_is_checked_as_a_folder_and_by_its_files(tmp_path):
    folder = tmp_path / "ra"
    shutil.copytree(ROOT / "diseases" / "ra", folder)
    assert check_file(folder).issues.errors == check_file(folder / "model.ant").issues.errors
    rows = (folder / "parameters.yaml").read_text(encoding="utf-8")
    source = "source: 'no published value seen', "
    assert source in rows
    (folder / "parameters.yaml").write_text(rows.replace(source, "", 1), encoding="utf-8")
    found = str(check_file(folder).issues)
    assert "parameters.yaml:" in found
    assert "source: key is missing" in found


def test_what_cannot_be_read_is_told_and_nothing_is_raised(tmp_path):
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9\n")
    (tmp_path / "other.yaml").write_text("colour: blue\n")
    (tmp_path / "list.yaml").write_text("- colour: blue\n")
    found = {
        name: str(check_file(tmp_path / name).issues)
        for name in ("latin.yaml", "other.yaml", "missing.yaml", "")
    }
    assert "is not text; expected YAML in UTF-8" in found["latin.yaml"]
    assert "the kind of file is not known; expected a trial, product" in found["other.yaml"]
    assert "no such file" in found["missing.yaml"]
    assert "is a folder; expected a file, or the folder of a disease" in found[""]
    assert check_file(tmp_path / "list.yaml").issues
