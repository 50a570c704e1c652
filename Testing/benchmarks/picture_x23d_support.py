"""Surfaces in colours, for the pictures of X23D Reconstruction."""

import numpy as np
import vtkmodules.vtkRenderingOpenGL2  # noqa: F401  # what renders
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkLookupTable
from vtkmodules.vtkFiltersCore import vtkPolyDataNormals
from vtkmodules.vtkRenderingCore import (
    vtkActor,
    vtkPolyDataMapper,
    vtkRenderer,
    vtkRenderWindow,
    vtkWindowToImageFilter,
)

from xray3d.drr.surfaces import polydata

MOST_MM = 5.0


def pictured(surfaces, direction, size_px):
    """(size_px, size_px, 3) surfaces, white where their values are 0 mm, red where they are 5 mm or more.

    Args:
        surfaces: vertices (n, 3), triangles (m, 3) and values (n,) of each.
        direction: (3,) from the surfaces to the camera.
    """
    colours = vtkLookupTable()
    colours.SetNumberOfTableValues(64)
    colours.SetTableRange(0, MOST_MM)
    for n in range(64):
        colours.SetTableValue(n, 1.0, 1 - n / 63, 1 - n / 63)
    renderer, window = vtkRenderer(), vtkRenderWindow()
    for vertices, triangles, values in surfaces:
        data = polydata(vertices, triangles)
        data.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(values), deep=True))
        normals, mapper, actor = vtkPolyDataNormals(), vtkPolyDataMapper(), vtkActor()
        normals.SetInputData(data)
        mapper.SetInputConnection(normals.GetOutputPort())
        mapper.SetLookupTable(colours)
        mapper.SetScalarRange(0, MOST_MM)
        actor.SetMapper(mapper)
        renderer.AddActor(actor)
    renderer.SetBackground(0.15, 0.15, 0.2)
    window.SetOffScreenRendering(True)
    window.SetSize(size_px, size_px)
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
    return pixels.reshape(size_px, size_px, -1)[::-1, :, :3].copy()
