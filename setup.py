"""The part of the build that pyproject.toml cannot say: the native kernel, which may be missing."""

import contextlib
import tempfile
from pathlib import Path

from setuptools import Distribution, Extension, setup
from setuptools.command.build_ext import build_ext

KERNEL = Extension(
    "triage.reading._kernel",
    ["triage/reading/_kernel.c"],
    depends=sorted(map(str, Path("triage/reading/kernel").glob("*.h"))),
    extra_compile_args=["-O3"],
    py_limited_api=True,
    optional=True,
)


class Build(build_ext):
    """Leaves no kernel of an earlier build behind when this one fails."""

    def build_extension(self, ext: Extension) -> None:
        """Build it anew."""
        Path(self.get_ext_fullpath(ext.name)).unlink(missing_ok=True)
        super().build_extension(ext)


def can_compile() -> bool:
    """Whether there is a compiler with Python's headers: without one the wheel is pure, for any platform."""
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(Exception):
        source = Path(folder, "probe.c")
        source.write_text("#include <Python.h>\nPyMODINIT_FUNC PyInit_probe(void) { return NULL; }\n")
        command = build_ext(Distribution({"name": "probe", "ext_modules": [Extension("probe", [str(source)])]}))
        command.build_lib = command.build_temp = folder
        command.ensure_finalized()
        command.run()
        return True
    return False


native = can_compile()
setup(
    ext_modules=[KERNEL] if native else [],
    cmdclass={"build_ext": Build},
    options={"bdist_wheel": {"py_limited_api": "cp311"}} if native else {},
)
