"""From LLVM text to functions in memory, with object code kept between runs.

Object code is kept by the hash of everything that it depends on: the text, the processor, LLVM's
version.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from funis.cache import cache_key, cached, keep

CODE_MODEL = "small"
"""Constants are reached from the instruction, not by an address of 64 bits: shorter code."""

CALLED = re.compile(r"^declare .*@(?!llvm\.)", re.MULTILINE)
"""A function that is no instruction of the processor."""

WIDTHS = (8, 4, 2)
"""Lanes of a vector that the kernel can be written for."""


@dataclass(frozen=True)
class Library:
    """Loaded functions; they live as long as this value.

    Attributes
    ----------
    engine : the owner of the memory.
    cached : whether the object code came from the cache.
    """

    engine: Any
    cached: bool

    def address(self, name: str) -> int:
        """Return the address of a function."""
        return int(self.engine.get_function_address(name))


@lru_cache(maxsize=1)
def host_width() -> int:
    """Return the widest vector of this processor: 8 with AVX-512, 4 with AVX, else 2."""
    import llvmlite.binding as llvm

    features = llvm.get_host_cpu_features()
    if features.get("avx512f") and features.get("avx512dq"):
        return 8
    return 4 if features.get("avx2") else 2


def load(text: str, *, optimise: bool) -> Library:
    """Return the functions of an LLVM text, compiled for this processor.

    Parameters
    ----------
    optimise : run LLVM's passes before code is made; straight-line code does not need them.
    """
    import llvmlite.binding as llvm

    target = _target()
    words = [text, *_host(), str(llvm.llvm_version_info), str(optimise), CODE_MODEL]
    key = cache_key(*words)
    content = known = cached("objects", key)
    if content is None:
        content = _compiled(text, optimise, target)
        keep("objects", key, content)
    backing = llvm.parse_assembly("")
    together = True if _calls_nothing(text) else None
    engine = llvm.create_mcjit_compiler(backing, _target(), use_lmm=together)
    engine.add_object_file(llvm.ObjectFileRef.from_data(content))
    engine.finalize_object()
    return Library(engine, known is not None)


def _calls_nothing(text: str) -> bool:
    """Whether code needs no function of the C library, so that its room is known beforehand.

    Code and constants then lie in one reservation: 2 GiB or more apart, which happens where a
    process has little room left in one place, the small code model ends the process.
    """
    import llvmlite.binding as llvm

    features = llvm.get_host_cpu_features()
    native = features.get("fma", False) and features.get("sse4.1", False)
    return native and CALLED.search(text) is None


@lru_cache(maxsize=1)
def _host() -> tuple[str, str]:
    import llvmlite.binding as llvm

    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def _target() -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    cpu, features = _host()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=cpu, features=features, opt=2, reloc="pic", codemodel=CODE_MODEL, jit=True
    )


def _compiled(text: str, optimise: bool, target: Any) -> bytes:
    import llvmlite.binding as llvm

    module = llvm.parse_assembly(text)
    module.verify()
    if optimise:
        options = llvm.create_pipeline_tuning_options(speed_level=2)
        builder = llvm.create_pass_builder(target, options)
        builder.getModulePassManager().run(module, builder)
    return bytes(target.emit_object(module))
