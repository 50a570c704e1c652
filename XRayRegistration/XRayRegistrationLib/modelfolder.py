"""What the folder of a model tells before it is opened, without the library."""

from __future__ import annotations

from pathlib import Path


def canResume(folder: Path) -> bool:
    """Whether a training into this folder was stopped and can go on: the library left its state beside the folder."""
    return bool(folder.name) and folder.with_name(f"{folder.name}.training").is_file()


def holdsSomething(folder: Path) -> bool:
    """Whether the folder is there and not empty."""
    return folder.is_dir() and any(folder.iterdir())


def writtenAt(folder: Path) -> int | None:
    """Changes whenever a model is put there; None while there is nothing."""
    return folder.stat().st_mtime_ns if holdsSomething(folder) else None
