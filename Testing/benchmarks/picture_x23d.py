"""Pictures the best, the median and the worst vertebra that the benchmark reconstructs, by hand:

python Testing/benchmarks/picture_x23d.py OUT.png [SPINES]

Of each, from behind and from its left, the reconstructed surface in colours of its distance from the true one, and the
true one in those of its distance from what was reconstructed: white 0 mm, red 5 mm or more.
"""

import sys
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import vtkmodules.vtkRenderingOpenGL2  # noqa: F401  # what renders
from scipy.spatial import cKDTree
from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkLookupTable, vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkFiltersCore import vtkPolyDataNormals
from vtkmodules.vtkRenderingCore import (
    vtkActor,
    vtkPolyDataMapper,
    vtkRenderer,
    vtkRenderWindow,
    vtkWindowToImageFilter,
)

from xray3d.benchmarks.patient import data_folder
from xray3d.benchmarks.registration.anatomies import as_xrayed
from xray3d.benchmarks.x23d.anatomies import TestSet, load_spine, names_of
from xray3d.benchmarks.x23d.measuring import USUAL, USUAL_VIEWS, Case
from xray3d.benchmarks.x23d.views import take_xray
from xray3d.drr import DRRRenderer
from xray3d.reconstruction.reconstruct import Reconstructor

MOST_MM, SIZE_PX = 5.0, 360
FROM = ((0.0, -1.0, 0.0), (-1.0, 0.0, 0.0))


def reconstructed(spines):
    """(F1, words, surface, true surface) of all vertebrae."""
    reconstructor = Reconstructor.shipped()
    for test_set in get_args(TestSet):
        for name in names_of(test_set, spines):
            spine = load_spine(test_set, name, data_folder())
            renderer = DRRRenderer(as_xrayed(spine.ct))
            for number, level in enumerate(sorted(spine.frames)):
                case = Case.of(test_set, name, spine, level, number)
                xrays = [take_xray(renderer, view, USUAL, seed) for seed, view in enumerate(case.views[:USUAL_VIEWS])]
                found = reconstructor.reconstruct(xrays, case.place_ras)
                if found.inside.any():
                    words = f"{level} of {name.split('/')[-1]}"
                    yield case.outcome(reconstructor, xrays, USUAL).f1, words, found.mesh(), case.surface


def pictured(surface, other, direction):
    """(rows, cols, 3) a surface in colours of its distance from another."""
    vertices, triangles = surface
    data = vtkPolyData()
    points, cells = vtkPoints(), vtkCellArray()
    points.SetData(numpy_to_vtk(np.ascontiguousarray(vertices), deep=True))
    ids = np.column_stack([np.full(len(triangles), 3), triangles]).astype(np.int64).ravel()
    cells.ImportLegacyFormat(numpy_to_vtkIdTypeArray(ids, deep=True))
    data.SetPoints(points)
    data.SetPolys(cells)
    data.GetPointData().SetScalars(numpy_to_vtk(cKDTree(other[0]).query(vertices)[0], deep=True))
    normals = vtkPolyDataNormals()
    normals.SetInputData(data)
    colours = vtkLookupTable()
    colours.SetNumberOfTableValues(64)
    colours.SetTableRange(0, MOST_MM)
    for n in range(64):
        colours.SetTableValue(n, 1.0, 1 - n / 63, 1 - n / 63)
    mapper = vtkPolyDataMapper()
    mapper.SetInputConnection(normals.GetOutputPort())
    mapper.SetLookupTable(colours)
    mapper.SetScalarRange(0, MOST_MM)
    actor, renderer, window = vtkActor(), vtkRenderer(), vtkRenderWindow()
    actor.SetMapper(mapper)
    renderer.AddActor(actor)
    renderer.SetBackground(0.15, 0.15, 0.2)
    window.SetOffScreenRendering(True)
    window.SetSize(SIZE_PX, SIZE_PX)
    window.AddRenderer(renderer)
    camera = renderer.GetActiveCamera()
    camera.SetPosition(*direction)
    camera.SetViewUp(0, 0, 1)
    renderer.ResetCamera()
    camera.Zoom(1.3)
    window.Render()
    image = vtkWindowToImageFilter()
    image.SetInput(window)
    image.Update()
    pixels = vtk_to_numpy(image.GetOutput().GetPointData().GetScalars())
    return pixels.reshape(SIZE_PX, SIZE_PX, -1)[::-1, :, :3].copy()


def main():
    """Write the picture."""
    found = sorted(reconstructed(int(dict(enumerate(sys.argv)).get(2, 1))), key=lambda one: -one[0])
    rows = []
    for words, (f1, name, surface, truth) in zip(
        ("best", "median", "worst"), (found[0], found[len(found) // 2], found[-1]), strict=True
    ):
        parts = [pictured(*pair, direction) for direction in FROM for pair in ((surface, truth), (truth, surface))]
        row = np.hstack(parts)
        cv2.putText(row, f"{words}: {name}, F1 {f1:.2f}", (8, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 1)
        rows.append(row)
    cv2.imwrite(str(Path(sys.argv[1])), np.vstack(rows)[:, :, ::-1])


if __name__ == "__main__":
    main()
