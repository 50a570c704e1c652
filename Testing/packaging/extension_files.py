"""Which files of this repository belong to the extension, and its CMake project, configured without Slicer."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STUB_SLICER = Path(__file__).resolve().parent / "stub_slicer"
SCRIPTED_MODULES = Path("lib/Slicer-5.12/qt-scripted-modules")  # where Slicer 5.12 looks for an extension's modules

# In a module's folder, but made there by tools rather than shipped.
NOT_SHIPPED = ("__pycache__", "*.egg-info", ".*")


def module_names(root: Path = ROOT) -> list[str]:
    """Names of the modules: folders that hold a Python file of their own name."""
    return sorted(folder.name for folder in root.iterdir() if (folder / f"{folder.name}.py").is_file())


def shipped_files(root: Path, module: str) -> set[str]:
    """Every file in a module's folder, relative to the root: all that should be listed in its CMakeLists.txt."""
    files = (path.relative_to(root) for path in (root / module).rglob("*") if path.is_file())
    return {
        path.as_posix()
        for path in files
        if path.name != "CMakeLists.txt"
        and not any(Path(part).match(made) for part in path.parts for made in NOT_SHIPPED)
    }


@dataclass(frozen=True)
class ConfiguredExtension:
    """What CMake made of the extension."""

    build: Path
    listed: set[str]  # files given to slicerMacroBuildScriptedModule, relative to the source root
    metadata: dict[str, str]  # what the extensions catalog would show


def configure(source: Path, build: Path) -> ConfiguredExtension:
    """Configure the extension with the stub of Slicer.

    Raises:
        subprocess.CalledProcessError: CMake refused; its ``stderr`` says why.
    """
    run_cmake(
        *("-S", source, "-B", build, f"-DSlicer_DIR={STUB_SLICER}", "-DBUILD_TESTING=ON"),
        f"-DCMAKE_TOOLCHAIN_FILE={STUB_SLICER / 'NoCompiler.cmake'}",
    )
    metadata = dict(line.split("=", 1) for line in (build / "metadata.txt").read_text(encoding="utf-8").splitlines())
    return ConfiguredExtension(build, set((build / "manifest.txt").read_text(encoding="utf-8").split()), metadata)


def install(extension: ConfiguredExtension, prefix: Path) -> Path:
    """Build and install, and give the folder of the scripted modules."""
    run_cmake("--build", extension.build)
    run_cmake("--install", extension.build, "--prefix", prefix)
    return prefix / SCRIPTED_MODULES


def run_cmake(*arguments: str | Path) -> str:
    """Run the environment's cmake, else the system's, and give what it printed."""
    return _run("cmake", *arguments)


def run_ctest(*arguments: str | Path) -> str:
    """Run ctest likewise."""
    return _run("ctest", *arguments)


def _run(tool: str, *arguments: str | Path) -> str:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    executable = shutil.which(tool, path=path)
    assert executable, f"{tool} is needed for the tests of the packaging: pip install cmake."
    return subprocess.run([executable, *arguments], check=True, capture_output=True, text=True).stdout
