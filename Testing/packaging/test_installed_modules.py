"""The extension as installed, from Slicer's flat layout alone: modules load, panels open, their own tests pass."""

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from extension_files import ROOT, ConfiguredExtension, module_names, run_ctest

if not find_spec("slicer"):
    pytest.skip("slicer-core has no wheel for this Python or system", allow_module_level=True)
pytest.importorskip("PySide6.QtWidgets", reason="Qt does not load", exc_type=ImportError)

SCRIPT = Path(__file__).resolve().parent / "use_installed_modules.py"


def use_installed(folder: Path, *arguments: str) -> dict:
    """Run use_installed_modules.py on the installed modules, with the stand-in for the application."""
    environment = dict(os.environ, PYTHONPATH=str(ROOT / "Testing"))
    command = [sys.executable, str(SCRIPT), str(folder), *arguments]
    finished = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    assert "Traceback" not in finished.stderr, finished.stderr
    return json.loads(finished.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def opened(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """What came of opening every module."""
    return use_installed(installed, "panels", str(tmp_path_factory.mktemp("pictures")))


@pytest.fixture(scope="module")
def tested(installed: Path) -> dict[str, dict]:
    """What came of every module's own tests."""
    return {name: use_installed(installed, "test", name) for name in module_names()}


def test_every_module_opens(opened: dict) -> None:
    assert sorted(opened["modules"]) == module_names()
    for name, panel in opened["modules"].items():
        assert panel["title"], name
        assert len(panel["help"].split()) >= 10, name
        assert panel["controls"] >= 3, name


def test_visible_modules_have_their_icons(opened: dict) -> None:
    visible = [panel for panel in opened["modules"].values() if not panel["hidden"]]
    assert visible
    assert all(panel["icon"] for panel in visible)


def test_everything_was_loaded_from_the_installed_files(opened: dict, tested: dict, installed: Path) -> None:
    # Not from the repository, which is installed as an editable package in the same environment.
    loaded = opened["files"] | tested["DRRSimulator"]["files"]
    assert "xray3d" in loaded
    for package, path in loaded.items():
        assert Path(path).is_relative_to(installed), package


def test_every_module_has_a_ctest_entry(extension: ConfiguredExtension) -> None:
    listing = run_ctest("--test-dir", extension.build, "--show-only")
    assert set(re.findall(r"Test +#\d+: py_(\w+)", listing)) == set(module_names())


@pytest.mark.parametrize("module", module_names())
def test_what_a_ctest_entry_runs_passes(tested: dict, module: str) -> None:
    assert tested[module]["passed"]
    assert tested[module]["run"] > tested[module]["skipped"]
