import json
import os

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from funis import store
from funis.checks import InputError


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def write_run(path, **files):
    with store.run_folder(path) as folder:
        for name, content in files.items():
            store.write_text(folder / f"{name}.txt", content)
        store.write_manifest(folder, {"seed": 1})


def test_a_file_is_written_whole_in_a_folder_made_for_it(tmp_path):
    path = tmp_path / "new" / "report.html"
    store.write_text(path, "µ\n")
    store.write_text(path, "second\n")
    assert path.read_bytes() == b"second\n"
    assert names(tmp_path) == ["new", "new/report.html"]


def test_a_file_bears_the_usual_permissions(tmp_path):
    (tmp_path / "plain").write_text("")
    store.write_text(tmp_path / "ours", "")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    store.write_text(path, "old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(InputError, match=r"a\.txt: cannot be written \(no space left on device\)"):
        store.write_text(path, "new")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_place_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        store.write_text(tmp_path / "file" / "a.txt", "x")


def test_a_manifest_is_read_back_and_its_bytes_do_not_depend_on_order(tmp_path):
    store.write_manifest(tmp_path / "a", {"seed": 1, "arms": {"b": 2, "a": [1, 2.5, None]}})
    store.write_manifest(tmp_path / "b", {"arms": {"a": [1, 2.5, None], "b": 2}, "seed": 1})
    first, second = ((tmp_path / name / "manifest.json").read_bytes() for name in "ab")
    assert first == second
    assert store.read_manifest(tmp_path / "a") == {
        "arms": {"a": [1, 2.5, None], "b": 2},
        "program": "funis",
        "seed": 1,
    }


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with a name")
def test_a_pipe_or_a_device_is_never_replaced_by_a_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "nothing").symlink_to(os.devnull)
    for name in ("pipe", "nothing"):
        with pytest.raises(InputError, match=f"{name}: is a device or a pipe, no file"):
            store.write_text(tmp_path / name, "x")
    assert (tmp_path / "pipe").is_fifo()
    assert (tmp_path / "nothing").is_symlink()
    assert names(tmp_path) == ["nothing", "pipe"]


@pytest.mark.parametrize("manifest", [{"x": float("nan")}, {"program": "other"}])
def test_a_manifest_that_cannot_be_read_back_is_refused(tmp_path, manifest):
    with pytest.raises(ValueError, match=r"not JSON compliant|not ours"):
        store.write_manifest(tmp_path, manifest)
    assert names(tmp_path) == []


@pytest.mark.parametrize("text", ["{", "[]", '{"program": "other"}', "\x00"])
def test_a_manifest_of_somebody_else_is_refused(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(InputError, match="expected the manifest of a funis run"):
        store.read_manifest(tmp_path)
    with pytest.raises(InputError, match="expected the folder of a funis run"):
        store.read_manifest(tmp_path / "nowhere")


def test_a_table_is_read_back_and_written_to_the_same_bytes(tmp_path):
    table = pl.DataFrame(
        {
            "subject": [1, 2, 3],
            "arm": ["placebo", "once", None],
            "value": [0.1, None, float("inf")],
            "rescued": [True, False, True],
        },
        schema_overrides={"subject": pl.Int32},
    )
    store.write_table(tmp_path / "a.parquet", table)
    store.write_table(tmp_path / "b.parquet", table)
    assert_frame_equal(store.read_table(tmp_path / "a.parquet"), table)
    assert store.hash_file(tmp_path / "a.parquet") == store.hash_file(tmp_path / "b.parquet")


def test_what_is_no_table_is_refused(tmp_path):
    (tmp_path / "a.parquet").write_text("no table")
    with pytest.raises(InputError, match=r"a\.parquet: cannot be read; expected a Parquet table"):
        store.read_table(tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r"b\.parquet: no such file; expected a Parquet table"):
        store.read_table(tmp_path / "b.parquet")


def test_the_hash_of_bytes_is_the_standard_one():
    # FIPS 180-4 example, "abc"
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert store.hash_bytes(b"abc") == digest


def test_a_folder_is_hashed_by_names_and_contents_alone(tmp_path):
    for folder in ("a", "b", "c", "d"):
        store.write_text(tmp_path / folder / "x.txt", "1")
        store.write_text(tmp_path / folder / "deep" / "y.txt", "2")
    store.write_text(tmp_path / "b" / ".hidden", "3")
    (tmp_path / "c" / "x.txt").rename(tmp_path / "c" / "z.txt")
    store.write_text(tmp_path / "d" / "x.txt", "2")
    hashes = {name: store.hash_folder(tmp_path / name) for name in "abcd"}
    assert hashes["a"] == hashes["b"]
    assert len(set(hashes.values())) == 3


def test_a_run_appears_whole_with_the_hash_of_each_file(tmp_path):
    path = tmp_path / "runs" / "first"
    with store.run_folder(path) as folder:
        store.write_text(folder / "tables" / "a.txt", "abc")
        store.write_manifest(folder, {"seed": 7})
        assert not path.exists()
        assert folder.parent == path.parent
    assert names(tmp_path / "runs") == [
        "first",
        "first/manifest.json",
        "first/tables",
        "first/tables/a.txt",
    ]
    manifest = json.loads((path / "manifest.json").read_text())
    assert manifest["seed"] == 7
    assert manifest["files"] == {"tables/a.txt": store.hash_bytes(b"abc")}


def test_a_run_that_fails_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), store.run_folder(tmp_path / "run") as folder:
        store.write_text(folder / "a.txt", str(1 / 0))
    assert names(tmp_path) == []


def test_a_run_that_fails_leaves_the_earlier_run(tmp_path):
    write_run(tmp_path / "run", a="old")
    before = store.hash_folder(tmp_path / "run")
    with pytest.raises(KeyboardInterrupt), store.run_folder(tmp_path / "run"):
        raise KeyboardInterrupt
    assert store.hash_folder(tmp_path / "run") == before
    assert names(tmp_path) == ["run", "run/a.txt", "run/manifest.json"]


def test_a_run_without_a_manifest_is_a_fault_of_the_program(tmp_path):
    with pytest.raises(ValueError, match=r"no manifest\.json"), store.run_folder(tmp_path / "run"):
        pass
    assert names(tmp_path) == []


def test_an_earlier_run_is_replaced_as_a_whole(tmp_path):
    write_run(tmp_path / "run", a="old", b="old")
    write_run(tmp_path / "run", a="new")
    assert names(tmp_path) == ["run", "run/a.txt", "run/manifest.json"]
    assert (tmp_path / "run" / "a.txt").read_text() == "new"


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "run").mkdir()
    write_run(tmp_path / "run", a="new")
    assert names(tmp_path) == ["run", "run/a.txt", "run/manifest.json"]


def test_files_of_somebody_else_are_never_replaced(tmp_path):
    path = tmp_path / "thesis"
    store.write_text(path / "chapter.txt", "mine")
    with pytest.raises(InputError, match=r"thesis: holds 'chapter\.txt', which is not of a funis"):
        write_run(path)
    with pytest.raises(InputError, match="holds 'chapter"):
        store.check_run_folder(path)
    assert names(tmp_path) == ["thesis", "thesis/chapter.txt"]


def test_notes_added_to_a_run_keep_it_from_being_replaced(tmp_path):
    write_run(tmp_path / "run", a="old")
    store.write_text(tmp_path / "run" / "notes.txt", "mine")
    with pytest.raises(InputError, match=r"holds 'notes\.txt'"):
        write_run(tmp_path / "run", a="new")
    assert (tmp_path / "run" / "a.txt").read_text() == "old"


@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_file_or_link_is_no_place_for_a_run(tmp_path, kind):
    path = tmp_path / "run"
    path.write_text("mine") if kind == "file" else path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match=r"run: is not a folder; expected a new folder"):
        write_run(path)
    assert names(tmp_path) == ["run"]


# ---- folders that grow file by file

SETTINGS = {"seed": 1, "patients": 3}


def grow(path, settings=SETTINGS, names=("a.txt", "b/c.txt")):
    return store.chunk_folder(path, settings, names, {"title": "x"})


def write_noted(folder, name, text):
    store.write_text(folder.path / name, text)
    folder.record(name, store.hash_bytes(text.encode()))


def test_a_folder_that_grows_says_so_until_it_is_complete(tmp_path):
    path = tmp_path / "run"
    with grow(path) as folder:
        assert store.read_manifest(path)["complete"] is False
        assert (folder.whole, folder.noted()) == ({}, 0)
        write_noted(folder, "a.txt", "1")
        write_noted(folder, "b/c.txt", "2")
        assert folder.noted() == 2
        folder.finish({"failed": 0}, {"a.txt": "x", "b/c.txt": "y"})
    manifest = store.read_manifest(path)
    assert (manifest["complete"], manifest["title"], manifest["failed"]) == (True, "x", 0)
    assert manifest["settings"] == SETTINGS
    assert manifest["files"] == {"a.txt": "x", "b/c.txt": "y"}
    assert names(path) == ["a.txt", "b", "b/c.txt", "manifest.json"]


def test_a_folder_goes_on_from_what_was_noted(tmp_path):
    path = tmp_path / "run"
    with grow(path) as folder:
        write_noted(folder, "b/c.txt", "2")
    store.write_text(path / "a.txt", "not noted")
    with (path / store.JOURNAL).open("ab") as file:
        file.write(b'not a note\n{"file": "a.txt", "sha')
    for half in (".a.txt.0123456789ab", "b/.c.txt.0123456789ab", ".other.0123456789ab", ".a.txt.x"):
        store.write_text(path / half, "")
    with grow(path) as folder:
        assert folder.whole == {"b/c.txt": store.hash_bytes(b"2")}
        folder.record("a.txt", "x")
        assert {p.name for p in path.glob(".*")} == {".other.0123456789ab", ".a.txt.x"}
    with grow(path) as folder:
        assert set(folder.whole) == {"a.txt", "b/c.txt"}


def test_a_complete_folder_names_its_files_as_whole(tmp_path):
    with grow(tmp_path / "run") as folder:
        folder.finish({}, {"a.txt": "x"})
    with grow(tmp_path / "run") as folder:
        assert folder.whole == {"a.txt": "x"}


def test_a_file_counts_as_whole_by_its_hash_alone(tmp_path):
    path = tmp_path / "a.txt"
    digest = store.hash_bytes(b"1")
    assert store.read_whole(path, digest) is None
    path.write_bytes(b"1")
    assert store.read_whole(path, digest) == b"1"
    assert store.read_whole(path, None) is None
    path.write_bytes(b"2")
    assert store.read_whole(path, digest) is None


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"seed": 2, "patients": 3}, "run: holds a run with seed 1, not 2; expected"),
        ({"seed": 1, "patients": 3, "weeks": 4}, "run: holds a run with weeks None, not 4"),
        ({"seed": 1}, "run: holds a run of other settings"),
    ],
)
def test_a_run_of_other_settings_is_refused(tmp_path, settings, words):
    with grow(tmp_path / "run") as folder:
        write_noted(folder, "a.txt", "1")
    before = store.hash_folder(tmp_path / "run")
    with pytest.raises(InputError, match=words), grow(tmp_path / "run", settings):
        pass
    assert store.hash_folder(tmp_path / "run") == before


def test_files_of_somebody_else_keep_a_folder_from_growing(tmp_path):
    store.write_text(tmp_path / "thesis" / "a.txt", "mine")
    with grow(tmp_path / "run"):
        store.write_text(tmp_path / "run" / "b" / "notes.txt", "mine")
    write_run(tmp_path / "trial", a="1")
    for name, words in (
        ("thesis", r"holds 'a\.txt', which is not of this run"),
        ("run", r"holds 'b/notes\.txt', which is not of this run"),
        ("trial", "holds another kind of run"),
    ):
        with pytest.raises(InputError, match=words), grow(tmp_path / name):
            pass


def test_a_run_folder_does_not_replace_one_that_is_growing(tmp_path):
    with grow(tmp_path / "run") as folder:
        write_noted(folder, "a.txt", "1")
    with pytest.raises(InputError, match="which is not of a funis run"):
        write_run(tmp_path / "run")


@pytest.mark.skipif(os.name == "nt", reason="POSIX locks")
def test_a_folder_grows_by_one_process_at_a_time(tmp_path):
    words = "run: is being written by another process; expected another name"
    with grow(tmp_path / "run"):
        with pytest.raises(InputError, match=words), grow(tmp_path / "run"):
            pass
        assert (tmp_path / "run" / store.JOURNAL).is_file()
    with grow(tmp_path / "run"):
        pass


def test_an_empty_folder_may_grow(tmp_path):
    with grow(tmp_path):
        pass
    assert names(tmp_path) == ["journal.jsonl", "manifest.json"]
