"""Who may import what: the rules that keep Slicer's start fast and the library usable without Slicer."""

import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from extension_files import ROOT, module_names
from import_statements import file_scope_imports, imported_names, package

MODULES = module_names()
LIBRARY = ROOT / "XRayCore" / "xray3d"
WITH_SLICER = {"slicer", "qt", "ctk", "vtk", "numpy", "SimpleITK"}  # part of every Slicer
SLICER_ONLY = {"slicer", "qt", "ctk"}
OWN_PANEL_CODE = {"XRayCoreLib", *(f"{module}Lib" for module in MODULES)}

# The library's layers, lowest first. A layer may import itself and what is below it.
LAYERS = [
    {"errors", "files", "__version__"},
    {"geometry"},
    {"volumes"},
    {"drr"},
    {"datasets", "registration", "inpainting", "reconstruction", "models"},
    {"mrml"},
    {"demo", "benchmarks"},
    {"cli"},
]


HEIGHT = {part: height for height, parts in enumerate(LAYERS) for part in parts}
GATHERS_THE_LAYERS = "__init__"  # xray3d/__init__.py: what the package offers under its own name, up to the renderer


def library_files() -> list[Path]:
    return sorted(LIBRARY.rglob("*.py"))


def part(path: Path) -> str:
    """The part of the library that a file belongs to: its folder, or its own name."""
    return path.relative_to(LIBRARY).parts[0].removesuffix(".py")


def parts_needed_by(path: Path) -> set[str]:
    """Parts of the library that a file imports; a name of the package itself (xray3d.load_ct) counts as drr."""
    names = [name.split(".")[1] for name in imported_names(path) if name.startswith("xray3d.")]
    return {name if name in HEIGHT else "drr" for name in names}


def loaded_with(module: str) -> list[Path]:
    """A module's file and those of the panels' own packages that are loaded with it."""
    files = [ROOT / module / f"{module}.py"]
    for path in files:
        for name in file_scope_imports(path):
            if package(name) in OWN_PANEL_CODE:
                files.extend(found for found in files_of(name) if found not in files)
    return files


def files_of(name: str) -> list[Path]:
    """The files behind a dotted name of a panel's own package: its __init__ and the named file."""
    home = ROOT / package(name).removesuffix("Lib")
    candidates = [home / package(name) / "__init__.py"]
    parts = name.split(".")
    candidates += [home.joinpath(*parts[:end]).with_suffix(".py") for end in range(2, len(parts) + 1)]
    return [path for path in candidates if path.is_file()]


@pytest.mark.parametrize("module", MODULES)
def test_modules_load_with_what_every_slicer_has(module: str) -> None:
    allowed = set(sys.stdlib_module_names) | WITH_SLICER | OWN_PANEL_CODE
    for path in loaded_with(module):
        strangers = {name for name in file_scope_imports(path) if package(name) not in allowed and name[0] != "."}
        assert not strangers, f"{path.relative_to(ROOT)} imports at file scope: {sorted(strangers)}"


def test_only_mrml_knows_slicer() -> None:
    for path in library_files():
        slicer_names = {name for name in imported_names(path) if package(name) in SLICER_ONLY}
        assert part(path) == "mrml" or not slicer_names, f"{path.relative_to(ROOT)} imports {sorted(slicer_names)}"


def test_the_library_knows_no_panel() -> None:
    for path in library_files():
        panels = {name for name in imported_names(path) if package(name) in OWN_PANEL_CODE | set(MODULES)}
        assert not panels, f"{path.relative_to(ROOT)} imports {sorted(panels)}"


def test_every_part_of_the_library_has_its_layer() -> None:
    assert {part(path) for path in library_files()} - {GATHERS_THE_LAYERS} <= set(HEIGHT)


def test_layers_need_only_what_is_below_them() -> None:
    for path in library_files():
        if part(path) != GATHERS_THE_LAYERS:
            too_high = {name for name in parts_needed_by(path) if HEIGHT[name] > HEIGHT[part(path)]}
            assert not too_high, f"{path.relative_to(ROOT)} is below {sorted(too_high)}, but imports it"


def test_parts_do_not_need_each_other_in_a_circle() -> None:
    needs: dict[str, set[str]] = {}
    for path in library_files():
        if part(path) != GATHERS_THE_LAYERS:
            needs.setdefault(part(path), set()).update(parts_needed_by(path) - {part(path)})
    TopologicalSorter(needs).prepare()  # raises CycleError, naming the circle


def test_file_scope_is_told_from_functions(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import warp\n"
        "try:\n    import torch.nn\nexcept ImportError:\n    torch = None\n"
        "class Logic:\n    from vtk import vtkObject\n    def run(self):\n        import xray3d\n",
        encoding="utf-8",
    )
    assert file_scope_imports(path) == {"typing.TYPE_CHECKING", "torch.nn", "vtk.vtkObject"}
    assert imported_names(path) == {"typing.TYPE_CHECKING", "warp", "torch.nn", "vtk.vtkObject", "xray3d"}


def test_an_import_inside_a_function_counts_for_layers(tmp_path: Path) -> None:
    path = tmp_path / "low.py"
    path.write_text("def f():\n    from xray3d import mrml, load_ct\n    import xray3d.demo.run\n", encoding="utf-8")
    assert parts_needed_by(path) == {"mrml", "drr", "demo"}
