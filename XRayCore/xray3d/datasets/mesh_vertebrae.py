"""Lumbar vertebrae of people from surface meshes, to make synthetic spines of.

Those of the Visible Human come with artisynth_lumbosacralSpineModel (BSD 3-Clause), the means of 87 patients with
morphable-lumbar-model (MIT; Clouthier et al., 2023). Both have x to the front, y to the left and z to the head.
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
    return [_scanned(*read_surface(file), f"{file.stem} of the Visible Human") for file in files]


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
    return [_scanned(vertices, triangles[of_triangles == n], f"mean vertebra {n + 1}") for n in range(count)]


def _scanned(vertices: NDArray[np.float64], triangles: NDArray[np.int64], name: str) -> ScannedVertebra:
    used, renumbered = np.unique(triangles, return_inverse=True)
    return ScannedVertebra.of_surface(vertices[used] @ _TO_RAS.T, renumbered.reshape(-1, 3), name)
