"""Every file that ships is listed in CMake, and every file listed is there."""

import subprocess
from pathlib import Path

import pytest

from extension_files import ROOT, ConfiguredExtension, configure, module_names, shipped_files


def unlisted_files(root: Path, listed: set[str]) -> list[str]:
    """Files in the modules' folders that an installed extension would lack."""
    present = set().union(*(shipped_files(root, module) for module in module_names(root)))
    return sorted(present - listed)


def test_every_file_that_ships_is_listed(extension: ConfiguredExtension) -> None:
    unlisted = unlisted_files(ROOT, extension.listed)
    assert not unlisted, "\n".join(["Add to the CMakeLists.txt of their modules:", *unlisted])


def test_every_module_is_part_of_the_extension(extension: ConfiguredExtension) -> None:
    assert {name.split("/")[0] for name in extension.listed} == set(module_names())


@pytest.mark.parametrize("added", ["XRayCore/xray3d/geometry/added.py", "DRRSimulator/Resources/UI/Added.ui"])
def test_a_file_that_is_not_listed_is_found(source_copy: Path, tmp_path: Path, added: str) -> None:
    (source_copy / added).touch()
    extension = configure(source_copy, tmp_path / "build")
    assert added in unlisted_files(source_copy, extension.listed)


@pytest.mark.parametrize("removed", ["XRayCore/xray3d/errors.py", "DRRSimulator/Resources/UI/DRRSimulator.ui"])
def test_a_listed_file_that_is_not_there_stops_cmake(source_copy: Path, tmp_path: Path, removed: str) -> None:
    (source_copy / removed).unlink()
    with pytest.raises(subprocess.CalledProcessError) as refusal:
        configure(source_copy, tmp_path / "build")
    assert f"nonexistent file '{removed.split('/', 1)[1]}'" in " ".join(refusal.value.stderr.split())
