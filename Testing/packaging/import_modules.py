"""Import modules from a folder and print, as JSON, how long that took and what came with them.

    python -I -S import_modules.py FOLDER MODULE...

Slicer's own packages (slicer, qt, ctk, vtk, numpy, SimpleITK) are in memory before the first module is imported, so
they cost a module nothing: here they are empty shells that take any name, call, decoration or subclassing.
"""

import importlib
import importlib.abc
import json
import sys
import time
import types
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from typing import Any

WITH_SLICER = ("slicer", "qt", "ctk", "vtk", "vtkmodules", "numpy", "SimpleITK")
STAR_NAMES = tuple(f"ScriptedLoadableModule{part}" for part in ("", "Widget", "Logic", "Test"))


class ShellType(type):
    """Class of shells: every attribute, item and operator of a shell is a shell."""

    def __getattr__(cls, name: str) -> "ShellType":
        if name.startswith("__"):
            raise AttributeError(name)
        return Shell

    def __getitem__(cls, item: object) -> "ShellType":
        return Shell

    def __or__(cls, other: object) -> "ShellType":
        return Shell

    __ror__ = __or__


class Shell(metaclass=ShellType):
    """Anything of Slicer's: a base class, a function, a decorator, a type in an annotation."""

    def __new__(cls, *arguments: object, **named: object) -> Any:
        if len(arguments) == 1 and isinstance(arguments[0], type | types.FunctionType):
            return arguments[0]  # a decorator gives back what it decorates
        return super().__new__(cls)

    def __getattr__(self, name: str) -> ShellType:
        return Shell

    def __call__(self, *arguments: object, **named: object) -> object:
        return Shell(*arguments)


class ShellModule(types.ModuleType):
    """An empty package that offers whatever is asked of it."""

    __all__ = STAR_NAMES

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__ = []  # a package: what is asked for inside it is a shell too

    def __getattr__(self, name: str) -> ShellType:
        if name.startswith("__"):
            raise AttributeError(name)
        return ShellType(name, (Shell,), {})  # a class of its own, so that a class can have two such bases


class Shells(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds Slicer's own packages."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname.split(".")[0] in WITH_SLICER else None

    def create_module(self, spec: ModuleSpec) -> ShellModule:
        return ShellModule(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing to execute."""


def main(folder: str, modules: list[str]) -> None:
    sys.meta_path.insert(0, Shells())
    for name in WITH_SLICER:
        importlib.import_module(name)
    sys.path.insert(0, folder)
    before = set(sys.modules)
    start = time.perf_counter()
    for module in modules:
        importlib.import_module(module)
    milliseconds = (time.perf_counter() - start) * 1000
    print(json.dumps({"milliseconds": milliseconds, "loaded": sorted(set(sys.modules) - before)}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
