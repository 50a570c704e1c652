"""X23D Reconstruction: vertebrae in three dimensions from a few X-rays."""

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)


class X23DReconstruction(ScriptedLoadableModule):
    """What Slicer shows of the module before it is opened."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("X23D Reconstruction")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "XRay3D")]
        self.parent.dependencies = ["XRayCore"]
        self.parent.hidden = False
        self.parent.contributors = ["The XRay3D developers"]
        self.parent.helpText = _(
            "Builds lumbar vertebrae in three dimensions from a few X-rays whose geometry is known, without a CT: "
            "check the X-rays, from different sides best, say where the vertebrae are, and press Reconstruct. Press "
            "Find to have them found, and correct what is wrong; or click on the body of each in two X-rays or more "
            "and give these points the same name, or put one point in the middle of the body in 3D, or a box about the "
            "whole vertebra. Each becomes a model and a segment. Judge them by their outlines on the X-rays and by the "
            "colours of their surfaces, which show how far off they may be: what no X-ray shows is likely, not seen. "
            "Not for diagnosis or treatment."
        )
        self.parent.acknowledgementText = _(
            "After X23D (Jecklin et al., Journal of Imaging 2022). Networks come from MONAI and PyTorch. "
            "XRay3D is free software under the Apache 2.0 licence."
        )


class X23DReconstructionWidget(ScriptedLoadableModuleWidget):
    """The panel; what it does is in X23DReconstructionLib.panel, imported when the panel opens."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        self.panel = None

    def setup(self):
        """Build the panel."""
        ScriptedLoadableModuleWidget.setup(self)
        from X23DReconstructionLib.panel import Panel
        from XRayCoreLib.modulewidget import buildPanel

        self.logic = X23DReconstructionLogic()
        self.panel = buildPanel(self, Panel)

    def enter(self):
        """Called each time the user opens this module."""
        self.panel.open()

    def exit(self):
        """Called each time the user opens a different module."""
        self.panel.close()

    def cleanup(self):
        """Called when the application closes, or the module is about to be reloaded."""
        if self.panel is not None:
            self.panel.cleanup()

    def onReload(self):
        """Reload the module with its library folder, which Slicer would not."""
        from XRayCoreLib.modulewidget import forgetPackage

        forgetPackage("X23DReconstructionLib")
        ScriptedLoadableModuleWidget.onReload(self)


class X23DReconstructionLogic(ScriptedLoadableModuleLogic):
    """Nodes to library calls, library results to nodes; usable without the panel."""

    def __init__(self):
        ScriptedLoadableModuleLogic.__init__(self)
        self.unreadable = []
        self._reconstructor = None
        self._locator = None

    def getParameterNode(self):
        """The scene's parameter node, wrapped; what another version left in it and cannot be read takes its default."""
        from X23DReconstructionLib.parameters import CHOICES, X23DReconstructionParameterNode
        from XRayCoreLib.storedparameters import repair

        node = super().getParameterNode()
        self.unreadable = repair(node, CHOICES, {})
        return X23DReconstructionParameterNode(node)

    def task(self, xrayNodes, places, device=None):
        """A reconstruction ready to be worked on, by `run` on any thread.

        :param xrayNodes: as for `reconstruct`.
        :param places: as for `reconstruct`.
        :param device: "cpu" or "cuda"; None for the one chosen in the settings.
        :raises xray3d.errors.XRay3DError: one sentence on what cannot be used.
        """
        from X23DReconstructionLib.task import Task, shippedReconstructor
        from XRayCoreLib import settings
        from XRayCoreLib.modelatwork import ModelAtWork

        self._reconstructor = self._reconstructor or ModelAtWork(shippedReconstructor)
        return Task.ofNodes(list(xrayNodes), places, self._reconstructor, device or settings.chosen_device())

    def findingTask(self, xrayNodes, device=None):
        """Vertebrae ready to be looked for, by `run` on any thread.

        :param xrayNodes: as for `findVertebrae`.
        :param device: "cpu" or "cuda"; None for the one chosen in the settings.
        :raises xray3d.errors.XRay3DError: one sentence on what cannot be used.
        """
        from X23DReconstructionLib.finding import FindingTask, shippedLocator
        from X23DReconstructionLib.readxrays import ReadXRays
        from XRayCoreLib import settings
        from XRayCoreLib.modelatwork import ModelAtWork

        self._locator = self._locator or ModelAtWork(shippedLocator)
        return FindingTask(ReadXRays.ofNodes(list(xrayNodes)), self._locator, device or settings.chosen_device())

    def findVertebrae(self, xrayNodes, device=None):
        """Find T12 and L1 to L5; returns a point list node with the middle of each body found, named by its level.

        :param xrayNodes: one-slice scalar volume nodes with X-ray geometry, two or more from different sides, of a
            patient along the axes of RAS; they stay as they are.
        :param device: "cpu" or "cuda"; None for the one chosen in the settings.
        :raises xray3d.errors.XRay3DError: one sentence on what cannot be used, or that nothing was found.
        :raises XRayCoreLib.packages.PackagesMissing: Python packages are not there and were declined.

        Warns with one sentence where names may be wrong.
        """
        import warnings

        from XRayCoreLib import packages

        packages.ensure("reconstruction")
        from X23DReconstructionLib.placing import storeFound
        from xray3d.reconstruction.level_finding.found import naming_doubt

        task = self.findingTask(xrayNodes, device)
        found = task.run(lambda text, share: None)
        if doubt := naming_doubt(found):
            warnings.warn(doubt, stacklevel=2)
        return storeFound(task, found)

    def reconstruct(self, xrayNodes, places=None, device=None):
        """Reconstruct vertebrae; returns a list with one result for each place, in the order of the places.

        A result has `.level`, the name of the place; `.modelNode`, the closed surface, in the colours of its standard
        error; `.segmentationNode`, which has the bone as the segment of that name; `.volume_ml`; `.sigma_mm` and
        `.largestSigma_mm`, the mean and the largest standard error of the surface; and `.xrayNames`, of the X-rays that
        see the place. A level that was reconstructed before is updated in the same nodes.

        :param xrayNodes: one-slice scalar volume nodes with X-ray geometry; they stay as they are. An X-ray that does
            not see a place is left out there. From one X-ray alone, depth is a guess.
        :param places: point list node of a patient along the axes of RAS: a point in the middle of each vertebral
            body, named by its level; or, on the detectors of two or more of the X-rays, points of one name where these
            show that middle. Or region of interest node about one whole vertebra, named by its level, its axes to the
            vertebra's right, front and head. None to find them, see `findVertebrae`.
        :param device: "cpu" or "cuda"; None for the one chosen in the settings.
        :raises xray3d.errors.XRay3DError: one sentence on what cannot be used; the scene is as before.
        :raises XRayCoreLib.packages.PackagesMissing: Python packages are not there and were declined.

        Warns with one sentence of each X-ray that shows what was reconstructed far from where its geometry says.
        """
        import warnings

        from XRayCoreLib import packages

        packages.ensure("reconstruction")
        from X23DReconstructionLib.results import store

        task = self.task(xrayNodes, places or self.findVertebrae(xrayNodes, device), device)
        made = task.run(lambda text, share: None)
        for doubt in made.doubts:
            warnings.warn(doubt, stacklevel=2)
        return store(task, made)


class X23DReconstructionTest(ScriptedLoadableModuleTest):
    """Runs inside Slicer too: Reload and Test, or the extension's CTest entries."""

    def setUp(self):
        """An empty scene."""
        slicer.mrmlScene.Clear()

    def runTest(self):
        """Every test of this class; what they need is never installed in a test."""
        from XRayCoreLib import packages

        self.setUp()
        if packages.missing("reconstruction"):
            self.delayDisplay("Not tested: the Python packages that reconstruct vertebrae are not installed")
            return
        self.test_ball()

    def test_ball(self):
        """A ball in the place of a network's answer is a model, a segment and a volume where the point is."""
        from unittest.mock import patch

        import numpy as np

        from xray3d import Projection, XRayImage
        from xray3d.mrml.xrays import xray_to_node
        from xray3d.reconstruction.grid import GRID_SIZE_IJK, grid_about
        from xray3d.reconstruction.reconstruct import Reconstruction, Reconstructor
        from xray3d.reconstruction.region import frame_of

        middle, radius_mm = np.array([10.0, -20.0, 30.0]), 15.0

        class Ball:
            def reconstruct(self, xrays, region):
                toRas = grid_about(frame_of(region))
                k, j, i = np.indices(GRID_SIZE_IJK[::-1])
                ras = np.stack([i, j, k], axis=-1) @ toRas[:3, :3].T + toRas[:3, 3]
                inward = radius_mm - np.linalg.norm(ras - middle, axis=-1)
                return Reconstruction((1 / (1 + np.exp(-inward))).astype(np.float32), toRas)

        noise = np.random.default_rng(0).random((2, 96, 96), np.float32)
        views = [Projection.from_carm(angle, 0, middle, 1000, 700, (96, 96), (2.0, 2.0)) for angle in (0, 90)]
        nodes = [xray_to_node(XRayImage(*one), name="X-ray") for one in zip(noise, views, strict=True)]
        points = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode")
        points.AddControlPoint(middle, "L3")
        self.delayDisplay("Reconstructing a ball")
        with patch.object(Reconstructor, "shipped", lambda device: Ball()):
            (found,) = X23DReconstructionLogic().reconstruct(nodes, points)
        self.assertEqual(found.modelNode.GetName(), "L3")
        self.assertIsNotNone(found.segmentationNode.GetSegmentation().GetSegment("L3"))
        self.assertAlmostEqual(found.volume_ml, 4 / 3 * np.pi * 1.5**3, delta=0.5)
        surface = slicer.util.arrayFromModelPoints(found.modelNode)
        np.testing.assert_allclose(np.linalg.norm(surface - middle, axis=1), radius_mm, atol=0.5)
        self.delayDisplay("Test passed")
