"""The extension as CMake installs it, once for all tests."""

import shutil
from pathlib import Path

import pytest

from extension_files import ROOT, ConfiguredExtension, configure, install, module_names


@pytest.fixture(scope="session")
def extension(tmp_path_factory: pytest.TempPathFactory) -> ConfiguredExtension:
    """The repository, configured."""
    return configure(ROOT, tmp_path_factory.mktemp("build"))


@pytest.fixture(scope="session")
def installed(extension: ConfiguredExtension, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an installed Slicer that holds the extension's modules."""
    return install(extension, tmp_path_factory.mktemp("Slicer"))


@pytest.fixture
def source_copy(tmp_path: Path) -> Path:
    """What CMake reads of the repository, copied, to be tampered with."""
    copy = tmp_path / "source"
    copy.mkdir()
    for name in ("CMakeLists.txt", "README.md", "LICENSE.txt"):
        shutil.copy(ROOT / name, copy / name)
    for name in [*module_names(), "Testing"]:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    return copy
