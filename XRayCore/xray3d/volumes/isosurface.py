"""Surfaces of equal value in a volume."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Vertices = NDArray[np.float64]
Triangles = NDArray[np.int64]

# Taubin's filter takes away what is smaller than some edges and, unlike averaging, leaves what is larger its size.
_ITERATIONS, _PASS_BAND = 15, 0.1


def isosurface(
    values: NDArray[np.floating], level: float, ijk_to_ras: NDArray[np.float64], *, smoothed: bool = False
) -> tuple[Vertices, Triangles]:
    """Where values cross a level, by VTK's flying edges; open where the surface reaches the edge of the volume.

    Args:
        values: (K, J, I).
        level: what is above is inside.
        ijk_to_ras: (4, 4), of any orientation.
        smoothed: without the voxels' steps, by a windowed sinc (Taubin, Zhang, Golub, "Optimal surface smoothing as
            filter design", ECCV 1996), which does not shrink it.

    Returns:
        Vertices (n, 3) in RAS mm, and triangles (m, 3), counter-clockwise seen from outside; none where nothing crosses
        the level.
    """
    from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy  # deferred: VTK is slow to import
    from vtkmodules.vtkCommonDataModel import vtkImageData
    from vtkmodules.vtkFiltersCore import vtkFlyingEdges3D, vtkWindowedSincPolyDataFilter

    image = vtkImageData()
    image.SetDimensions(*reversed(values.shape))
    image.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(values, np.float32).ravel(), deep=True))
    edges = vtkFlyingEdges3D()
    edges.SetInputData(image)
    edges.SetValue(0, level)
    edges.ComputeNormalsOff()
    edges.ComputeGradientsOff()
    edges.ComputeScalarsOff()
    last: Any = edges
    if smoothed:
        last = vtkWindowedSincPolyDataFilter()
        last.SetInputConnection(edges.GetOutputPort())
        last.SetNumberOfIterations(_ITERATIONS)
        last.SetPassBand(_PASS_BAND)
    last.Update()
    surface = last.GetOutput()
    if not surface.GetNumberOfPolys():
        return np.empty((0, 3)), np.empty((0, 3), np.int64)
    ijk = vtk_to_numpy(surface.GetPoints().GetData()).astype(float)
    triangles = vtk_to_numpy(surface.GetPolys().GetConnectivityArray()).reshape(-1, 3).astype(np.int64)
    mirrored = np.linalg.det(ijk_to_ras[:3, :3]) < 0
    return ijk @ ijk_to_ras[:3, :3].T + ijk_to_ras[:3, 3], triangles[:, ::-1] if mirrored else triangles
