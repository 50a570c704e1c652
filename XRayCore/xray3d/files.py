"""Files that must be there and files that must not be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xray3d.errors import OutputExistsError, XRay3DError


def require_file(path: Path, error: type[XRay3DError]) -> None:
    """Raise `error` with one sentence when there is no such file, or nothing in it."""
    if not path.exists():
        raise error(f"{path} does not exist; check the path.")
    if path.is_file() and path.stat().st_size == 0:
        raise error(f"{path} is an empty file; copy or export it again.")


def refuse_existing(*paths: Path, overwrite: bool) -> None:
    """Raise OutputExistsError naming the first of the paths that exists, unless `overwrite`."""
    for path in paths:
        if path.exists() and not overwrite:
            raise OutputExistsError(f"{path} exists already; choose another name or ask for it to be overwritten.")


def extension(path: Path) -> str:
    """The lower-case extension of a file, ".nii.gz" as one."""
    name = path.name.lower()
    return ".nii.gz" if name.endswith(".nii.gz") else path.suffix.lower()


def with_extension(path: Path, new: str) -> Path:
    """The same path with another extension, ".nii.gz" counted as one."""
    return path.with_name(path.name[: len(path.name) - len(extension(path))] + new)


def stems(paths: Sequence[str | Path]) -> list[str]:
    """The names of files without their extensions, numbered where two files have the same name."""
    found = [with_extension(Path(Path(path).name), "").name for path in paths]
    return found if len(set(found)) == len(found) else [f"{n}_{stem}" for n, stem in enumerate(found, start=1)]
