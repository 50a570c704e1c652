"""The scene that the demonstration leaves for Slicer."""

import numpy as np
import pytest
import slicer
import slicer.util

from test_mrml_scene_files import node_named
from xray3d import DRRRenderer
from xray3d.datasets.sample_data import SampleDataError
from xray3d.datasets.synthetic_spine import synthetic_lumbar_spine
from xray3d.demo import patient as demo_patient
from xray3d.demo import scene as demo_scene
from xray3d.demo import views
from xray3d.demo.report import report_html
from xray3d.demo.scene import make_scene
from xray3d.demo.views import take_views
from xray3d.errors import DeviceError
from xray3d.mrml import offscreen
from xray3d.mrml.models import implant_from_node
from xray3d.mrml.standalone import standalone_scene
from xray3d.mrml.subject_hierarchy import folder_of
from xray3d.mrml.volumes import ct_from_node
from xray3d.mrml.xrays import xray_from_node


def no_sample():
    raise SampleDataError("No sample.")


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Patient, views and folder of a small demonstration."""
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(views, "SIZE_PX", (64, 64))
        patch.setattr(views, "PIXEL_MM", (4.8, 4.8))
        patch.setattr(demo_patient, "sample_chest_ct", no_sample)
        patch.setattr(demo_patient, "synthetic_lumbar_spine", lambda: synthetic_lumbar_spine(spacing_mm=2.5))
        with pytest.warns(UserWarning, match="synthetic"):
            patient = demo_patient.choose_patient(None)
        taken = list(take_views(patient, DRRRenderer(patient.ct), folder))
    return patient, taken, folder


def test_the_scene_holds_what_the_demonstration_made(demo):
    patient, taken, folder = demo
    made = make_scene(patient, taken, folder)
    assert made.file == folder / "scene.mrb"
    with standalone_scene() as own:
        assert own.scene.ReadFromMRB(str(made.file), True)
        ct = ct_from_node(node_named("CT"))
        np.testing.assert_allclose(ct.ijk_to_ras, patient.ct.ijk_to_ras, atol=1e-6)
        assert np.abs(ct.hu - patient.ct.hu).max() < 1e-3
        xrays = [node_named(f"{view.name} X-ray") for view in taken]
        assert {folder_of(node) for node in xrays} == {"X-rays"}
        renderer = DRRRenderer(ct)
        for node in xrays:
            xray = xray_from_node(node)
            drr = renderer.render(xray.projection)
            inside = (drr > 0.5) & (xray.pixels > 0) & (xray.pixels < 255)
            # Fluoroscopy shows dense parts dark; the wrong geometry would leave no such relation.
            assert np.corrcoef(drr[inside], xray.pixels[inside])[0, 1] < -0.5
        screws = [implant_from_node(node_named(implant.name)) for implant in patient.implants]
        for read, planned in zip(screws, patient.implants, strict=True):
            np.testing.assert_allclose(read.vertices_ras.mean(axis=0), planned.vertices_ras.mean(axis=0), atol=1.0)
        assert folder_of(node_named("Bone surface")) == "Bone"
        shown = [node for node in slicer.util.getNodesByClass("vtkMRMLModelNode") if node.GetDisplayVisibility()]
        assert {"AP X-ray image", "lateral X-ray image", "AP C-arm"} <= {node.GetName() for node in shown}
        assert "left oblique X-ray image" not in {node.GetName() for node in shown}


def test_pictures_of_it_are_in_the_report(demo):
    patient, taken, folder = demo
    try:
        offscreen.require_drawing()
    except DeviceError as reason:
        pytest.skip(str(reason))
    made = make_scene(patient, taken, folder)
    assert [picture.caption for picture in made.pictures] == [
        "3D view",
        "3D view from behind",
        "axial slice",
        "sagittal slice",
        "coronal slice",
    ]
    html = report_html(patient, taken, made)
    assert "scene.mrb" in html
    assert html.count("<img") == 5 * len(taken) + 5


def test_without_opengl_the_scene_is_made_without_pictures(demo, monkeypatch):
    patient, taken, folder = demo
    monkeypatch.setattr(offscreen, "_can_draw", lambda: False)
    made = make_scene(patient, taken, folder)
    assert made.file is not None
    assert made.file.exists()
    assert made.pictures == ()
    assert any("OpenGL" in note for note in made.notes)


def test_without_slicer_the_report_says_what_is_left_out(demo, monkeypatch):
    patient, taken, folder = demo
    monkeypatch.setattr(demo_scene, "find_spec", lambda name: None)
    made = make_scene(patient, taken, folder)
    assert made.file is None
    assert "slicer-core" in report_html(patient, taken, made)
