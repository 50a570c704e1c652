"""Installation at first use: asked for, refused, failing, and through which of Slicer's installers."""

import importlib.metadata
import importlib.util
import inspect
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import slicer
from packaging.requirements import Requirement

from XRayCoreLib import packages
from XRayCoreLib.packages import PackagesMissing
from XRayCoreLib.requirements import FEATURES

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 cannot read TOML")

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
# What Slicer brings, and what only the command line imports.
NOT_FOR_SLICER = {"numpy", "scipy", "SimpleITK", "pydicom", "vtk", "typer", "rich"}


class Python:
    """Stands in for Slicer's Python environment: what is installed, what the user was asked, what pip was told."""

    def __init__(self, monkeypatch):
        self.installed = {}
        self.questions = []
        self.pip_calls = []
        self.answer = True
        self.pip_error = None
        self.testing = False
        monkeypatch.setattr(importlib.metadata, "version", self.version)
        monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", self.confirm)
        monkeypatch.setattr(slicer.util, "pip_install", self.pip_install, raising=False)
        monkeypatch.setattr(type(slicer.app), "testingEnabled", lambda application: self.testing)
        # As before Slicer 5.12.
        monkeypatch.setitem(sys.modules, "slicer.packaging", None)

    def version(self, name):
        if name not in self.installed:
            raise importlib.metadata.PackageNotFoundError(name)
        return self.installed[name]

    def confirm(self, text, windowTitle=None, **more):
        self.questions.append(text)
        return self.answer

    def pip_install(self, requirements):
        self.pip_calls.append(requirements)
        if self.pip_error is not None:
            raise self.pip_error
        self.installed |= {Requirement(r).name: min(s.version for s in Requirement(r).specifier) for r in requirements}


@pytest.fixture
def python(monkeypatch):
    return Python(monkeypatch)


def requirements(feature):
    return [package.requirement for package in FEATURES[feature].packages]


def test_requirements_are_those_of_pyproject():
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    for_slicer = {r for r in project["dependencies"] if Requirement(r).name not in NOT_FOR_SLICER}
    assert set(requirements("registration")) == for_slicer
    assert set(requirements("training")) == set(project["optional-dependencies"]["torch"])


def test_the_user_is_asked_once_with_size_and_purpose(python):
    packages.ensure("rendering")
    [question] = python.questions
    for package in FEATURES["rendering"].packages:
        assert Requirement(package.requirement).name in question
        assert package.purpose in question
        assert f"{package.size_mb} MB" in question
    assert f"About {sum(p.size_mb for p in FEATURES['rendering'].packages)} MB" in question
    assert python.pip_calls == [requirements("rendering")]
    packages.ensure("rendering")
    assert len(python.questions) == 1


def test_only_what_is_missing_or_too_old_is_asked_for(python):
    python.installed = {"warp-lang": "1.19.0", "xraydb": "4.5.8", "platformdirs": "4.3.6", "spekpy": "2.0.8"}
    packages.ensure("rendering")
    assert python.pip_calls == [["spekpy>=2.5"]]
    assert "warp-lang" not in python.questions[0]


def test_pre_releases_and_local_versions_count(python):
    python.installed = {"torch": "2.13.0+cpu", "monai": "1.6.0rc1", "safetensors": "0.4.5"}
    assert packages.missing("training") == []


def test_refusal_is_one_sentence_and_installs_nothing(python):
    python.answer = False
    with pytest.raises(PackagesMissing, match="warp-lang") as refusal:
        packages.ensure("rendering")
    assert "\n" not in str(refusal.value)
    assert refusal.value.details == ""
    assert python.pip_calls == []
    python.answer = True
    packages.ensure("rendering")
    assert packages.missing("rendering") == []


@pytest.mark.parametrize(
    "error", [subprocess.CalledProcessError(1, "pip"), RuntimeError("PythonSlicer executable not found"), OSError()]
)
def test_failure_is_one_sentence_with_details_and_can_be_tried_again(python, error):
    python.pip_error = error
    with pytest.raises(PackagesMissing, match="could not be installed") as failure:
        packages.ensure("rendering")
    assert "\n" not in str(failure.value)
    assert type(error).__name__ in failure.value.details
    python.pip_error = None
    packages.ensure("rendering")


def test_an_installer_that_ends_well_but_installs_nothing_is_noticed(python, monkeypatch):
    monkeypatch.setattr(slicer.util, "pip_install", lambda requirements: None)
    with pytest.raises(PackagesMissing, match="could not be installed"):
        packages.ensure("rendering")


def test_a_second_button_pressed_during_installation_is_refused(python, monkeypatch):
    def press_again(requirements):
        with pytest.raises(PackagesMissing, match="being installed"):
            packages.ensure("rendering")
        python.pip_install(requirements)

    monkeypatch.setattr(slicer.util, "pip_install", press_again)
    packages.ensure("rendering")
    assert len(python.questions) == 1


def test_nothing_is_installed_while_slicer_is_being_tested(python):
    python.testing = True
    with pytest.raises(PackagesMissing, match="being tested"):
        packages.ensure("rendering")
    assert python.questions == python.pip_calls == []


def test_slicer_5_12_installs_without_asking_a_second_time(python, monkeypatch):
    calls = []

    def pip_ensure(wanted, **options):
        calls.append((wanted, options))
        python.pip_install(wanted)

    installer = ModuleType("slicer.packaging")
    installer.pip_ensure = pip_ensure
    monkeypatch.setitem(sys.modules, "slicer.packaging", installer)
    packages.ensure("rendering")
    [(wanted, options)] = calls
    assert wanted == requirements("rendering")
    assert options.keys() == {"constraints", "prompt_install", "requester"}
    assert (options["prompt_install"], options["requester"]) == (False, "XRay3D")
    if bool(os.environ.get("SLICER_PYTHON_DIR")):
        inspect.signature(_slicers_own_packaging().pip_ensure).bind(wanted, **options)


def test_torch_needs_the_pytorch_extension(python):
    with pytest.raises(PackagesMissing, match="PyTorch extension"):
        packages.ensure("training")
    assert python.questions == []


def test_torch_comes_through_the_pytorch_extension(python, monkeypatch):
    calls = []

    class PyTorchUtilsLogic:
        def installTorch(self, askConfirmation, torchVersionRequirement):
            calls.append((askConfirmation, torchVersionRequirement))
            python.installed["torch"] = "2.9.1"

    extension = ModuleType("PyTorchUtils")
    extension.PyTorchUtilsLogic = PyTorchUtilsLogic
    monkeypatch.setitem(sys.modules, "PyTorchUtils", extension)
    packages.ensure("training")
    assert calls == [(False, ">=2.3")]
    assert python.pip_calls == [["monai>=1.4", "safetensors>=0.4", "torch==2.9.1"]]
    assert len(python.questions) == 1


def test_the_torch_that_is_there_is_kept(python, monkeypatch):
    """pip would take the newest MONAI, and with it a torch that does not fit the graphics card."""
    python.installed = {"torch": "2.5.1+cu121"}
    packages.ensure("training")
    assert python.pip_calls == [["monai>=1.4", "safetensors>=0.4", "torch==2.5.1+cu121"]]
    python.installed = {"torch": "2.5.1+cu121"}
    constraints = []

    def pip_ensure(wanted, **options):
        constraints.append(Path(options["constraints"]).read_text(encoding="utf-8"))
        python.pip_install(wanted)

    installer = ModuleType("slicer.packaging")
    installer.pip_ensure = pip_ensure
    monkeypatch.setitem(sys.modules, "slicer.packaging", installer)
    packages.ensure("training")
    assert constraints == ["torch==2.5.1+cu121"]
    assert python.pip_calls[-1] == ["monai>=1.4", "safetensors>=0.4"]


def _slicers_own_packaging():
    path = Path(os.environ["SLICER_PYTHON_DIR"]) / "slicer" / "packaging.py"
    spec = importlib.util.spec_from_file_location("slicers_own_packaging", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
