"""Plastimatch's exact ray tracer (Siddon, 1985; Sharp et al., 2010), a command-line program."""

from __future__ import annotations

import re
import subprocess
import sysconfig
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xray3d.benchmarks.engines.base import Engine
from xray3d.geometry import Projection

_MM_PER_CM = 10.0


class PlastimatchEngine(Engine):
    """`plastimatch drr -i exact`, timed by its own report, less reading and writing."""

    differentiable = False

    def __init__(self) -> None:
        self._program = Path(sysconfig.get_path("scripts"), "plastimatch")
        if not self._program.exists():
            raise ImportError("no program 'plastimatch' beside this Python")
        self._folder = tempfile.TemporaryDirectory(prefix="xray3d-plastimatch-")
        self._rendering_seconds = float("nan")

    def prepare(self, attenuation: NDArray[np.float32], ijk_to_ras: NDArray[np.float64], view: Projection) -> None:
        """Write the volume as MetaImage; its world axes are used as RAS, and the isocentre is its origin."""
        spacing_mm = np.diag(ijk_to_ras)[:3]
        header = (
            f"ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\n"
            f"Offset = {_words(ijk_to_ras[:3, 3])}\nElementSpacing = {_words(spacing_mm)}\n"
            f"DimSize = {_words(attenuation.shape[::-1])}\nElementType = MET_FLOAT\nElementDataFile = LOCAL\n"
        )
        volume = self._path("volume.mha")
        volume.write_bytes(header.encode() + np.ascontiguousarray(attenuation, "<f4").tobytes())
        self._command = [str(self._program), "drr", "-A", "cpu", "-i", "exact", "-P", "none", "-t", "pfm"]
        self._command += ["-I", str(volume), "-O", str(self._path("view")), *_geometry_options(view)]
        self._size_px = view.size_px

    def forward(self) -> NDArray[np.float32]:
        """One image; the program gives line integrals in 1/mm · cm."""
        run = subprocess.run(self._command, check=True, capture_output=True, text=True)
        seconds = {label: float(value) for label, value in re.findall(r"(I/O|Total) time: ([\d.eE+-]+)", run.stdout)}
        self._rendering_seconds = seconds["Total"] - seconds["I/O"]
        rows, cols = self._size_px
        pixels = np.frombuffer(self._path("view0000.pfm").read_bytes()[-4 * rows * cols :], "<f4")
        return pixels.reshape(self._size_px) * np.float32(_MM_PER_CM)

    def forward_seconds(self) -> float:
        """The program's own figure for rendering."""
        self.forward()
        return self._rendering_seconds

    def _path(self, name: str) -> Path:
        return Path(self._folder.name, name)


def _geometry_options(view: Projection) -> list[str]:
    (rows, cols), (row_mm, col_mm) = view.size_px, view.pixel_mm
    sod_mm = float(-view.source_ras @ view.viewing_direction_ras)
    options = {
        "--sad": f"{sod_mm:.9g}",
        "--sid": f"{view.sdd_mm:.9g}",
        "-r": f"{rows} {cols}",
        "-z": f"{rows * row_mm:.9g} {cols * col_mm:.9g}",
        "--nrm": _words(-view.viewing_direction_ras),
        "--vup": _words(-view.extrinsic[1, :3]),
        "-o": "0 0 0",
    }
    return [word for option in options.items() for word in option]


def _words(values: object) -> str:
    return " ".join(f"{value:.9g}" for value in np.asarray(values, float))
