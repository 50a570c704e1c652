"""Small patients, views and transforms for tests on MRML nodes."""

import numpy as np
import slicer
import slicer.util
from scipy.spatial.transform import Rotation
from vtkmodules.vtkCommonTransforms import vtkThinPlateSplineTransform

from xray3d import CTVolume, Projection, XRayImage
from xray3d.mrml.transforms import add_transform


def rigid(rotation_deg=(0, 0, 0), translation_mm=(0, 0, 0)):
    """A rigid transform (4, 4) from Euler angles and a translation."""
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", rotation_deg, degrees=True).as_matrix()
    matrix[:3, 3] = translation_mm
    return matrix


def small_ct(shape=(20, 24, 28), spacing_mm=(2.0, 3.0, 4.0), seed=0):
    """An ellipsoid of water with random blocks of bone in air, centred on the origin."""
    generator = np.random.default_rng(seed)
    z, y, x = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")
    hu = np.where(x**2 + y**2 + z**2 < 0.8, 0.0, -1000.0)
    bone = np.kron(generator.random([-(-n // 4) for n in shape]) > 0.7, np.ones((4, 4, 4), bool))
    hu[bone[: shape[0], : shape[1], : shape[2]] & (hu == 0)] = 700.0
    ijk_to_ras = np.diag([*spacing_mm, 1.0])
    ijk_to_ras[:3, 3] = -np.array(spacing_mm) * (np.array(shape[::-1]) - 1) / 2
    return CTVolume(hu.astype(np.float32), ijk_to_ras, "patient")


def view(primary_deg=0.0, secondary_deg=0.0, size_px=(40, 48), pixel_mm=(5.0, 4.0)):
    """A C-arm view of the origin."""
    return Projection.from_carm(primary_deg, secondary_deg, (0, 0, 0), 1000, 700, size_px, pixel_mm)


def xray(projection, seed=0):
    """Noise with a geometry."""
    return XRayImage(np.random.default_rng(seed).random(projection.size_px, np.float32), projection)


def under(node, *matrices, names=("inner", "outer")):
    """Puts a node under nested linear transforms, the innermost first."""
    for matrix, name in zip(matrices, names, strict=False):
        transform = add_transform(matrix, name)
        node.SetAndObserveTransformNodeID(transform.GetID())
        node = transform


def warped(node):
    """Puts a node under a transform that is not linear."""
    spline = vtkThinPlateSplineTransform()
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTransformNode", "warp")
    transform.SetAndObserveTransformToParent(spline)
    node.SetAndObserveTransformNodeID(transform.GetID())


def same_geometry(one, other, tolerance=1e-6):
    """Whether two projections agree, in mm and pixels."""
    return (
        one.size_px == other.size_px
        and np.allclose(one.extrinsic, other.extrinsic, atol=tolerance)
        and np.allclose(one.intrinsic, other.intrinsic, atol=tolerance)
        and np.allclose(one.pixel_mm, other.pixel_mm, atol=tolerance)
    )
