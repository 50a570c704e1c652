"""Metal in the patient: path lengths, displaced tissue, masks, and meshes that cannot be used."""

import numpy as np
import pytest
from vtkmodules.vtkFiltersSources import vtkSphereSource
from vtkmodules.vtkIOGeometry import vtkSTLWriter
from vtkmodules.vtkIOPLY import vtkPLYWriter
from vtkmodules.vtkIOXML import vtkXMLPolyDataWriter

from test_renderer import as_ct, carm, centered_grid
from xray3d.drr.implants import Implant, load_implant
from xray3d.drr.physics.materials import METALS, attenuation_per_mm
from xray3d.drr.renderer import DRRRenderer
from xray3d.errors import MeshError
from xray3d.volumes.attenuation import REFERENCE_ENERGY_KEV

CUBE = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
CUBE_FACES = np.array(
    [[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1], [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4]]
    + [[1, 5, 7], [1, 7, 3]]
)
TISSUE_PER_MM = 0.02


def cube(half_mm, center_ras=(0, 0, 0)) -> Implant:
    to_ras = np.eye(4)
    to_ras[:3, 3] = center_ras
    return Implant(CUBE * half_mm, CUBE_FACES, to_ras, "cube")


def sphere_source(radius_mm=10.0):
    source = vtkSphereSource()
    source.SetRadius(radius_mm)
    source.SetThetaResolution(120)
    source.SetPhiResolution(120)
    return source


@pytest.fixture(scope="module")
def water():
    return DRRRenderer(as_ct(np.full((50, 50, 50), TISSUE_PER_MM, np.float32), centered_grid((50,) * 3, (3, 3, 3))))


@pytest.mark.parametrize(
    ("writer", "suffix"), [(vtkSTLWriter, ".stl"), (vtkPLYWriter, ".ply"), (vtkXMLPolyDataWriter, ".vtp")]
)
def test_a_ball_from_any_file_has_the_chords_of_a_ball(water, tmp_path, writer, suffix):
    path = tmp_path / f"ball{suffix}"
    source, file_writer = sphere_source(), writer()
    file_writer.SetInputConnection(source.GetOutputPort())
    file_writer.SetFileName(str(path))
    file_writer.Write()
    to_ras = np.eye(4)
    to_ras[:3, 3] = center = np.array([5.0, -7.0, 3.0])
    view = carm(30, 20, size_px=(128, 128), pixel_mm=(0.6, 0.6))
    metal_mm = water.render_materials(view, [load_implant(path, to_ras)]).metal_mm.numpy()[0]

    row, col = np.mgrid[:128, :128]
    directions = view.unproject(np.stack([col, row], axis=-1), np.ones((128, 128))) - view.source_ras
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    along = directions @ (view.source_ras - center)
    chords = 2 * np.sqrt(np.maximum(along**2 - np.sum((view.source_ras - center) ** 2) + 100, 0))
    well_inside = chords > 8
    assert np.abs(metal_mm - chords)[well_inside].max() < 0.1
    assert metal_mm.sum() == pytest.approx(chords.sum(), rel=0.005)


def test_metal_displaces_the_tissue_it_stands_in(water):
    view = carm(10, 5, pixel_mm=(0.8, 0.8))
    plain, with_metal = water.render_materials(view), water.render_materials(view, [cube(8)], "tantalum")
    metal_mm = with_metal.metal_mm.numpy()
    tissue = [parts.soft.numpy() + parts.bone.numpy() for parts in (plain, with_metal)]
    assert np.allclose(tissue[0] - tissue[1], TISSUE_PER_MM * metal_mm, atol=1e-5)
    tantalum_per_mm = float(attenuation_per_mm(METALS["tantalum"], REFERENCE_ENERGY_KEV))
    expected = plain.drr() + (tantalum_per_mm - TISSUE_PER_MM) * metal_mm
    assert np.allclose(with_metal.drr(), expected, rtol=1e-5)
    assert np.array_equal(plain.drr()[0] == with_metal.drr()[0], ~with_metal.metal_mask()[0])


def test_the_mask_is_the_projected_implant(water):
    view = carm(0, 0, size_px=(100, 100), pixel_mm=(1, 1))
    mask = water.render_materials(view, [cube(9, (10, 0, -12))]).metal_mask()[0]
    corners = view.project(CUBE * 9 + [10, 0, -12])
    rows, cols = np.nonzero(mask)
    assert [cols.min(), rows.min()] == pytest.approx(corners.min(axis=0), abs=1)
    assert [cols.max(), rows.max()] == pytest.approx(corners.max(axis=0), abs=1)
    assert not water.render_materials(view).metal_mask().any()


def test_metal_counts_once_where_implants_overlap(water):
    view = carm(20, 0, pixel_mm=(0.8, 0.8))
    alone = water.render_materials(view, [cube(8)]).metal_mm.numpy()
    assert np.allclose(water.render_materials(view, [cube(8), cube(4)]).metal_mm.numpy(), alone, atol=1e-3)
    apart = water.render_materials(view, [cube(8), cube(4, (30, 0, 0))]).metal_mm.numpy()
    assert apart.sum() > alone.sum() + 100


def test_an_inside_out_mesh_is_turned(water):
    view = carm(0, 0, pixel_mm=(0.8, 0.8))
    inside_out = Implant(CUBE * 8, CUBE_FACES[:, ::-1])
    assert np.allclose(
        water.render_materials(view, [inside_out]).metal_mm.numpy(),
        water.render_materials(view, [cube(8)]).metal_mm.numpy(),
    )


def test_unusable_meshes_are_refused_in_a_sentence(water, tmp_path):
    with pytest.raises(MeshError, match="open-cube is not closed"):
        Implant(CUBE * 8, CUBE_FACES[:-1], name="open-cube")
    with pytest.raises(MeshError, match="no triangles"):
        Implant(CUBE, np.empty((0, 3), int))
    with pytest.raises(MeshError, match="rigid"):
        Implant(CUBE, CUBE_FACES, np.diag([1, 1, -1, 1]))
    with pytest.raises(MeshError, match="non-finite"):
        Implant(CUBE * np.nan, CUBE_FACES)
    with pytest.raises(MeshError, match="no file"):
        load_implant(tmp_path / "absent.stl")
    (tmp_path / "broken.ply").write_bytes(b"not a mesh")
    with pytest.raises(MeshError, match="broken.ply could not be read"):
        load_implant(tmp_path / "broken.ply")
    (tmp_path / "screw.step").write_text("")
    with pytest.raises(MeshError, match="screw.step is not a surface file"):
        load_implant(tmp_path / "screw.step")
    with pytest.raises(MeshError, match="unobtainium"):
        water.render_materials(carm(0, 0), [cube(8)], "unobtainium")
