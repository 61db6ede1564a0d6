"""The cache: where it is, that entries are whole, and that it never is an error."""

import os
from pathlib import Path

import pytest

from funis import cache
from funis.cache import CACHE_VARIABLE, cache_folder, cache_key, cached, keep


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    return tmp_path


def test_what_is_kept_is_found(folder):
    assert cached("objects", "a") is None
    keep("objects", "a", b"one")
    keep("objects", "b", b"two")
    keep("forms", "a", b"three")
    assert cached("objects", "a") == b"one"
    assert cached("objects", "b") == b"two"
    assert cached("forms", "a") == b"three"


def test_what_is_kept_again_is_replaced(folder):
    keep("objects", "a", b"one")
    keep("objects", "a", b"two")
    assert cached("objects", "a") == b"two"
    assert [path.name for path in (folder / "objects").iterdir()] == ["a"]


@pytest.mark.parametrize("content", [b"", b"short", b"\0" * 32, b"\0" * 64])
def test_an_entry_that_is_not_whole_is_none(folder, content):
    keep("objects", "a", b"one")
    (folder / "objects" / "a").write_bytes(content)
    assert cached("objects", "a") is None


def test_keys_depend_on_every_word_and_where_it_ends():
    keys = {
        cache_key(*words) for words in (("ab",), ("a", "b"), ("b", "a"), ("a", "b", ""), ("a",))
    }
    assert len(keys) == 5
    assert cache_key("a", "b") == cache_key("a", "b")


def test_no_folder_is_no_cache(monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, "")
    assert cache_folder() is None
    keep("objects", "a", b"one")
    assert cached("objects", "a") is None


def test_the_cache_follows_the_customs_of_the_system(monkeypatch, tmp_path):
    monkeypatch.delenv(CACHE_VARIABLE, raising=False)
    monkeypatch.setattr(cache.sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "funis"
    monkeypatch.setattr(cache.sys, "platform", "darwin")
    assert cache_folder().parts[-3:] == ("Library", "Caches", "funis")
    monkeypatch.setattr(cache.sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    assert cache_folder() == tmp_path / "funis"


def test_a_user_without_a_home_has_no_cache(monkeypatch):
    """As in a container that runs under a number of its own."""
    for name in (CACHE_VARIABLE, "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)

    def homeless(path):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", homeless)
    assert cache_folder() is None
    assert cached("objects", "a") is None


@pytest.mark.parametrize("full", ["write", "replace"])
def test_a_full_disk_leaves_nothing_behind(folder, monkeypatch, full):
    def fail(*_):
        raise OSError("No space left on device")

    keep("objects", "a", b"one")
    if full == "write":
        make = os.fdopen

        def broken(handle, mode):
            make(handle, mode).close()
            raise OSError("No space left on device")

        monkeypatch.setattr(os, "fdopen", broken)
    else:
        monkeypatch.setattr(os, "replace", fail)
    keep("objects", "a", b"two")
    assert cached("objects", "a") == b"one"
    assert [path.name for path in (folder / "objects").iterdir()] == ["a"]
