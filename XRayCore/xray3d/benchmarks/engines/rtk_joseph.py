"""RTK's Joseph forward projector (package itk-rtk; Rit et al., 2014; Joseph, 1982)."""

from __future__ import annotations

import itk
import numpy as np
from numpy.typing import NDArray

from xray3d.benchmarks.engines.base import Engine
from xray3d.benchmarks.job import THREADS
from xray3d.geometry import Projection

_ImageType = itk.Image[itk.F, 3]


class RTKJosephEngine(Engine):
    """JosephForwardProjectionImageFilter on an explicitly posed source and detector."""

    differentiable = False

    def prepare(self, attenuation: NDArray[np.float32], ijk_to_ras: NDArray[np.float64], view: Projection) -> None:
        """ITK's world axes are used as RAS: the projector never asks what they are called."""
        itk.MultiThreaderBase.SetGlobalDefaultNumberOfThreads(THREADS)
        self._volume = itk.image_from_array(np.ascontiguousarray(attenuation))
        spacing_mm = np.linalg.norm(ijk_to_ras[:3, :3], axis=0)
        self._volume.SetSpacing(spacing_mm.tolist())
        self._volume.SetOrigin(ijk_to_ras[:3, 3].tolist())
        self._volume.SetDirection(itk.matrix_from_array(ijk_to_ras[:3, :3] / spacing_mm))
        self._geometry = self._pose(view)
        self._receptor_source = self._blank_receptor(view)

    def forward(self) -> NDArray[np.float32]:
        """One projection; a new filter each time, because a filter that is up to date does nothing."""
        projector = itk.RTK.JosephForwardProjectionImageFilter[_ImageType, _ImageType].New()
        projector.SetInput(0, self._receptor_source.GetOutput())
        projector.SetInput(1, self._volume)
        projector.SetGeometry(self._geometry)
        projector.Update()
        return itk.array_view_from_image(projector.GetOutput())[0]

    @staticmethod
    def _pose(view: Projection) -> itk.RTK.ThreeDCircularProjectionGeometry:
        along_row, along_column = (view.extrinsic[axis, :3].tolist() for axis in (0, 1))
        first_pixel = view.image_to_ras[:3, 3].tolist()
        geometry = itk.RTK.ThreeDCircularProjectionGeometry.New()
        posed = geometry.AddProjection(
            itk.Point[itk.D, 3](view.source_ras.tolist()),
            itk.Point[itk.D, 3](first_pixel),
            itk.Vector[itk.D, 3](along_row),
            itk.Vector[itk.D, 3](along_column),
        )
        if not posed:
            raise RuntimeError("RTK refused the projection's source and detector")
        return geometry

    @staticmethod
    def _blank_receptor(view: Projection) -> itk.RTK.ConstantImageSource:
        (rows, cols), (row_mm, col_mm) = view.size_px, view.pixel_mm
        source = itk.RTK.ConstantImageSource[_ImageType].New()
        source.SetOrigin([0.0, 0.0, 0.0])
        source.SetSpacing([col_mm, row_mm, 1.0])
        source.SetSize([cols, rows, 1])
        source.SetConstant(0.0)
        source.Update()
        return source
