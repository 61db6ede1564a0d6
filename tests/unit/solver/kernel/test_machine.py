"""Object code: kept between runs, made again where it is damaged, and the same either way."""

import ctypes
import gc
import platform
import subprocess
import sys

import pytest

from funis.cache import CACHE_VARIABLE
from funis.solver.kernel.code import Code
from funis.solver.kernel.machine import WIDTHS, host_width, load


def text(number):
    """Return a function that stores a whole number."""
    code = Code("f", [("ptr", "x")], 2)
    code.put(str(number), "%x", 0, "i64")
    return code.text()


def answer(library):
    found = ctypes.c_int64(0)
    ctypes.CFUNCTYPE(None, ctypes.c_void_p)(library.address("f"))(ctypes.addressof(found))
    return found.value


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    return tmp_path / "objects"


def test_the_second_time_comes_from_the_cache(folder):
    first, second = (load(text(7), optimise=False) for _ in range(2))
    assert (first.cached, second.cached) == (False, True)
    assert (answer(first), answer(second)) == (7, 7)


def test_another_text_or_another_way_is_another_entry(folder):
    found = [load(text(n), optimise=way) for n in (1, 2) for way in (False, True)]
    assert not any(one.cached for one in found)
    assert [answer(one) for one in found] == [1, 1, 2, 2]
    assert len(list(folder.iterdir())) == 4


@pytest.mark.parametrize("damage", [b"", b"\0" * 100, None])
def test_a_damaged_entry_is_made_again(folder, damage):
    load(text(3), optimise=False)
    (entry,) = folder.iterdir()
    content = entry.read_bytes()
    entry.write_bytes(content[:-1] if damage is None else damage)
    again = load(text(3), optimise=False)
    assert not again.cached
    assert answer(again) == 3
    assert entry.read_bytes() == content
    assert load(text(3), optimise=False).cached


def test_one_changed_bit_is_damage(folder):
    load(text(4), optimise=False)
    (entry,) = folder.iterdir()
    content = bytearray(entry.read_bytes())
    content[len(content) // 2] ^= 1
    entry.write_bytes(bytes(content))
    assert not load(text(4), optimise=False).cached


@pytest.mark.parametrize("named", ["", "no folder"])
def test_without_a_cache_everything_works(tmp_path, monkeypatch, named):
    (tmp_path / "no folder").write_text("a file stands here")
    monkeypatch.setenv(CACHE_VARIABLE, named and str(tmp_path / named))
    found = [load(text(5), optimise=False) for _ in range(2)]
    assert [one.cached for one in found] == [False, False]
    assert [answer(one) for one in found] == [5, 5]


def test_functions_outlive_what_made_others(folder):
    kept = load(text(6), optimise=False)
    for number in range(10, 20):
        assert answer(load(text(number), optimise=False)) == number
    gc.collect()
    assert answer(kept) == 6


def test_a_text_that_is_none_is_refused(folder):
    with pytest.raises(RuntimeError):
        load("define void @f() { nonsense }", optimise=False)
    assert not folder.exists()


def test_the_hosts_width_is_one_of_the_widths():
    assert host_width() in WIDTHS


SCATTERED = """
import ctypes
import sys

from funis.models import load_model
from funis.solver.kernel.batch import load_kernel
from funis.solver.kernel.equations import equations
from funis.solver.kernel.machine import _target

form = load_model("ra").form
equations(form, forced=False)
_target()
library = ctypes.CDLL(None)
library.mmap.restype = ctypes.c_void_p
library.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
library.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
PRIVATE, ANONYMOUS, NO_RESERVE, GIB = 0x02, 0x20, 0x4000, 2**30


def reserved(size):
    return library.mmap(None, size, 0, PRIVATE | ANONYMOUS | NO_RESERVE, -1, 0)


base = reserved(1024 * GIB)
for size in (2**power for power in range(30, 11, -2)):  # until no room is left above
    while (place := reserved(size)) > base:
        pass
    library.munmap(place, size)
for number in range(1, 250):  # then holes of one to three pages, 4 GiB apart
    library.munmap(base + 4 * number * GIB, 4096 * (1 + number % 3))
load_kernel(form, False)
print("loaded")
"""


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="an address space of Linux"
)
def test_a_kernel_is_loaded_into_an_address_space_that_is_full_of_holes():
    """Its parts lay more than 2 GiB apart once, and LLVM ended the process."""
    done = subprocess.run(
        [sys.executable, "-c", SCATTERED], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.stdout == "loaded\n", done.stderr
