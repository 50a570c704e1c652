"""Lumbar vertebrae of people from surface meshes, to make synthetic spines of.

Those of the Visible Human come with artisynth_lumbosacralSpineModel (BSD 3-Clause), the means of 87 patients with
morphable-lumbar-model (MIT; Clouthier et al., 2023). Both have x to the front, y to the left and z to the head. Coarse
ones come with myo_sim (Apache 2.0), with x to the front, y to the head and z to the right.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from xray3d.datasets.scanned_vertebra import ScannedVertebra
from xray3d.drr.surfaces import read_surface

_TO_RAS = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])


def visible_human_vertebrae(folder: Path) -> list[ScannedVertebra]:
    """L1 to L5 of one man.

    Args:
        folder: with L1.ply to L5.ply.

    Raises:
        MeshError: a file that cannot be read.
    """
    files = [folder / f"L{number}.ply" for number in range(1, 6)]
    return [_from_front(*read_surface(file), f"{file.stem} of the Visible Human") for file in files]


def mean_vertebrae(file: Path) -> list[ScannedVertebra]:
    """L2 to L5, means of 87 patients.

    Args:
        file: mean_L2_L5.ply, a surface of four pieces.

    Raises:
        MeshError: it cannot be read.
    """
    vertices, triangles = read_surface(file)
    edges = (np.ones(triangles.size), (triangles.ravel(), np.roll(triangles, 1, axis=1).ravel()))
    count, piece = connected_components(coo_matrix(edges, shape=(len(vertices),) * 2))
    of_triangles = piece[triangles[:, 0]]
    return [_from_front(vertices, triangles[of_triangles == n], f"mean vertebra {n + 1}") for n in range(count)]


def generic_vertebrae(folder: Path) -> list[ScannedVertebra]:
    """L1 and L5 of a musculoskeletal model; the others are L1 in other sizes.

    Args:
        folder: with lumbar1.ply and lumbar5.ply.

    Raises:
        MeshError: a file that cannot be read.
    """
    read = {number: read_surface(folder / f"lumbar{number}.ply") for number in (1, 5)}
    return [_scanned(vertices[:, [2, 0, 1]], triangles, f"generic L{n}") for n, (vertices, triangles) in read.items()]


def _from_front(vertices: NDArray[np.float64], triangles: NDArray[np.int64], name: str) -> ScannedVertebra:
    return _scanned(vertices @ _TO_RAS.T, triangles, name)


def _scanned(vertices: NDArray[np.float64], triangles: NDArray[np.int64], name: str) -> ScannedVertebra:
    used, renumbered = np.unique(triangles, return_inverse=True)
    return ScannedVertebra.of_surface(vertices[used], renumbered.reshape(-1, 3), name)
