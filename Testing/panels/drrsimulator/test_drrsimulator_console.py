"""`DRRSimulatorLogic` without its panel."""

import numpy as np
import pytest
import slicer
from drrsimulator_support import add_ct, add_screw, node_ids, small_ct

import standin
from xray3d import DRRRenderer, Implant, Projection
from xray3d.drr.exposure import expose
from xray3d.drr.physics.errors import PhysicsError
from xray3d.drr.physics.presets import preset
from xray3d.errors import GeometryError, VolumeError
from xray3d.mrml.models import implant_from_node
from xray3d.mrml.transforms import add_transform
from xray3d.mrml.xrays import xray_from_node


@pytest.fixture
def logic():
    standin.make_module("DRRSimulator")
    from DRRSimulator import DRRSimulatorLogic

    return DRRSimulatorLogic()


def test_simulate_returns_the_xray_of_the_library(logic):
    ct, screw = add_ct(), add_screw()
    node = logic.simulate(
        ct,
        primaryDeg=25,
        secondaryDeg=10,
        sizePx=(60, 80),
        pixelMm=(3, 4),
        physics="fluoroscopy",
        seed=3,
        implants=[screw],
    )
    view = Projection.from_carm(25, 10, small_ct().center_ras, 1020, 700, (60, 80), (3, 4))
    implant = implant_from_node(screw)
    assert isinstance(implant, Implant)
    expected = expose(DRRRenderer(small_ct()), view, preset("fluoroscopy"), [implant], seed=3)
    taken = xray_from_node(node)
    np.testing.assert_allclose(taken.projection.matrix, view.matrix, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(taken.pixels, expected.pixels, atol=1)


def test_a_cts_transform_moves_the_anatomy(logic):
    ct = add_ct()
    shift = np.eye(4)
    shift[:3, 3] = [30, 0, 0]
    still = logic.simulate(ct, isocenter=(5, 10, 20), sizePx=(40, 40), pixelMm=(5, 5))
    ct.SetAndObserveTransformNodeID(add_transform(shift, "Table").GetID())
    moved = logic.simulate(ct, isocenter=(35, 10, 20), sizePx=(40, 40), pixelMm=(5, 5))
    np.testing.assert_allclose(xray_from_node(moved).pixels, xray_from_node(still).pixels, atol=1e-4)


def test_isocenter_can_be_a_node(logic):
    point = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "L3")
    point.AddControlPoint(12, 8, 25)
    taken = xray_from_node(logic.simulate(add_ct(), 70, isocenter=point, sizePx=(41, 41), pixelMm=(5, 5)))
    np.testing.assert_allclose(taken.projection.project([12, 8, 25]), [20, 20], atol=1e-6)


def test_the_same_node_is_taken_again(logic):
    ct = add_ct()
    node = logic.simulate(ct, sizePx=(20, 20), pixelMm=(10, 10))
    again = logic.simulate(ct, 45, sizePx=(30, 30), pixelMm=(8, 8), node=node)
    assert again is node
    assert xray_from_node(node).projection.size_px == (30, 30)


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"physics": "magic"}, PhysicsError, "magic"),
        ({"sodMm": 1500}, GeometryError, "beyond the detector"),
        ({"isocenter": (3000, 0, 0)}, GeometryError, "meets the CT"),
    ],
)
def test_wrong_arguments_are_one_sentence_and_change_nothing(logic, wrong, error, words):
    ct = add_ct()
    before = node_ids()
    with pytest.raises(error, match=words):
        logic.simulate(ct, sizePx=(20, 20), pixelMm=(10, 10), **wrong)
    assert node_ids() == before


def test_no_ct(logic):
    with pytest.raises(VolumeError, match="No CT is chosen"):
        logic.simulate(None)


def test_the_modules_own_test_passes():
    standin.make_module("DRRSimulator")
    slicer.selfTests["DRRSimulator"](msec=1)
