"""X-ray Inpainting: X-rays without the implants on them."""

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)


class XRayInpainting(ScriptedLoadableModule):
    """What Slicer shows of the module before it is opened."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("X-ray Inpainting")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "XRay3D")]
        self.parent.dependencies = ["XRayCore"]
        self.parent.hidden = False
        self.parent.contributors = ["The XRay3D developers"]
        self.parent.helpText = _(
            "Removes metal implants from X-rays: check the X-rays, press Find implants, correct what was found in the "
            "Segment Editor or with Grow and Shrink, and press Remove implants. The X-rays stay as they are; copies "
            "without implants appear beside them, with the same geometry, and can be registered to a CT. Compare them "
            "with the slider, and look at the uncertainty: what was painted behind an implant is a guess that fits "
            "its surroundings. Not for diagnosis or treatment."
        )
        self.parent.acknowledgementText = _(
            "Networks come from MONAI and PyTorch, image filters from OpenCV. "
            "XRay3D is free software under the Apache 2.0 licence."
        )


class XRayInpaintingWidget(ScriptedLoadableModuleWidget):
    """The panel; what it does is in XRayInpaintingLib.panel, imported when the panel opens."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        self.panel = None

    def setup(self):
        """Build the panel."""
        ScriptedLoadableModuleWidget.setup(self)
        from XRayCoreLib.modulewidget import buildPanel
        from XRayInpaintingLib.panel import Panel

        self.logic = XRayInpaintingLogic()
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

        forgetPackage("XRayInpaintingLib")
        ScriptedLoadableModuleWidget.onReload(self)


class XRayInpaintingLogic(ScriptedLoadableModuleLogic):
    """Nodes to library calls, library results to nodes; usable without the panel."""

    def __init__(self):
        ScriptedLoadableModuleLogic.__init__(self)
        self.unreadable = []
        self._inpainter = None

    def getParameterNode(self):
        """The scene's parameter node, wrapped; what another version left in it and cannot be read takes its default."""
        from XRayCoreLib.storedparameters import repair
        from XRayInpaintingLib.parameters import CHOICES, RANGES, XRayInpaintingParameterNode

        node = super().getParameterNode()
        self.unreadable = repair(node, CHOICES, RANGES)
        return XRayInpaintingParameterNode(node)

    def task(self, xrayNodes, masks=None, region=None, device=None):
        """X-rays ready to be worked on, by `find` and `clean` on any thread.

        :param xrayNodes: one-slice scalar volume nodes.
        :param masks: for each X-ray what `inpaint` takes; None where implants are to be found on all.
        :param region: region of interest or segmentation node outside of which nothing counts that is found, or None.
        :param device: "cpu" or "cuda"; None for the one chosen in the settings.
        :raises xray3d.errors.XRay3DError: one sentence on what cannot be used.
        """
        from XRayInpaintingLib.task import Task

        nodes = list(xrayNodes)
        return Task.ofNodes(nodes, masks or [None] * len(nodes), region, *self._means(device))

    def sequenceTask(self, sequenceNode, region=None, device=None):
        """The frames of a sequence of X-rays ready to be worked on, by `cleanPixels` on any thread.

        :param sequenceNode: of one-slice scalar volumes.
        :param region: as for `task`.
        :param device: as for `task`.
        :raises xray3d.errors.XRay3DError: one sentence on what cannot be used.
        """
        from XRayInpaintingLib.task import Task

        return Task.ofSequence(sequenceNode, region, *self._means(device))

    def findImplants(self, xrayNode, region=None, device=None):
        """Find the implants on an X-ray; returns their segmentation node, "<X-ray> implants", the same one each time.

        :param xrayNode: one-slice scalar volume node, with or without geometry; it stays as it is.
        :param region: region of interest or segmentation node outside of which nothing counts, or None.
        :param device: "cpu" or "cuda"; None for the one chosen in the settings.
        :raises xray3d.errors.XRay3DError: one sentence on what cannot be used; the scene is as before.
        :raises XRayCoreLib.packages.PackagesMissing: Python packages are not there and were declined.
        """
        from XRayCoreLib import packages

        packages.ensure("inpainting")
        from XRayInpaintingLib.results import storeFound

        task = self.task([xrayNode], region=region, device=device)
        (node,) = storeFound(task, task.find(lambda text, share: None))
        return node

    def inpaint(self, xrayNode, mask=None, region=None, difference=True, uncertainty=True, device=None):
        """Make a copy of an X-ray without implants; returns its volume node, the same one each time.

        :param xrayNode: one-slice scalar volume node, with or without geometry; it stays as it is.
        :param mask: where the implants are, as a segmentation or label map node or as an array (rows, cols); None to
            find them, which updates "<X-ray> implants".
        :param region: region of interest or segmentation node outside of which nothing counts that is found, or None.
        :param difference: whether to make "<X-ray> difference", the copy minus the X-ray.
        :param uncertainty: whether to make "<X-ray> inpainting uncertainty", the standard error of what was painted.
        :param device: "cpu" or "cuda"; None for the one chosen in the settings.
        :raises xray3d.errors.XRay3DError: one sentence on what cannot be used; the scene is as before.
        :raises XRayCoreLib.packages.PackagesMissing: Python packages are not there and were declined.
        """
        from XRayCoreLib import packages

        packages.ensure("inpainting")
        from XRayInpaintingLib.results import storeCleaned

        task = self.task([xrayNode], [mask], region, device)
        (node,) = storeCleaned(task, task.clean(lambda text, share: None), difference, uncertainty)
        return node

    def inpaintSequence(self, sequenceNode, region=None, device=None):
        """Make a sequence without implants of a sequence of X-rays; returns its node, the same one each time.

        :param sequenceNode: of one-slice scalar volumes; it stays as it is.
        :param region: region of interest or segmentation node outside of which nothing counts that is found, or None.
        :param device: "cpu" or "cuda"; None for the one chosen in the settings.
        :raises xray3d.errors.XRay3DError: one sentence on what cannot be used; the scene is as before.
        :raises XRayCoreLib.packages.PackagesMissing: Python packages are not there and were declined.
        """
        from XRayCoreLib import packages

        packages.ensure("inpainting")
        from xray3d.mrml.inpainting import show_clean_sequence

        task = self.sequenceTask(sequenceNode, region, device)
        return show_clean_sequence(task.cleanPixels(lambda text, share: None), sequenceNode)

    def _means(self, device):
        """The model, and where it is to work: None for the graphics card if it can be used."""
        from XRayCoreLib import settings
        from XRayCoreLib.modelatwork import ModelAtWork
        from XRayInpaintingLib.task import shippedInpainter

        self._inpainter = self._inpainter or ModelAtWork(shippedInpainter)
        return self._inpainter, device or settings.chosen_device()


class XRayInpaintingTest(ScriptedLoadableModuleTest):
    """Runs inside Slicer too: Reload and Test, or the extension's CTest entries."""

    def setUp(self):
        """An empty scene."""
        slicer.mrmlScene.Clear()

    def runTest(self):
        """Every test of this class; what they need is never installed in a test."""
        from XRayCoreLib import packages

        self.setUp()
        if packages.missing("inpainting"):
            self.delayDisplay("Not tested: the Python packages that remove implants are not installed")
            return
        self.test_paintedRod()

    def test_paintedRod(self):
        """A rod is painted where a mask says, and nowhere else, by networks that learnt nothing."""
        from unittest.mock import patch

        import numpy as np

        from xray3d.inpainting.inpainter import Inpainter
        from xray3d.inpainting.model import InpaintingModel
        from xray3d.inpainting.network import ImplantNetwork, InpaintingNetwork

        rows, columns = np.indices((96, 96))
        smooth = 1000 + 4 * rows + 2 * columns
        rod = np.abs(columns - 48) < 4
        image = np.where(rod, 3000, smooth).astype(np.int16)
        node = slicer.util.addVolumeFromArray(image[None], name="X-ray")
        untrained = InpaintingModel(ImplantNetwork([4] * 6).eval(), InpaintingNetwork([4] * 6).eval())
        self.delayDisplay("Removing a rod from an X-ray")
        with patch.object(Inpainter, "shipped", lambda device: Inpainter(untrained)):
            cleanNode = XRayInpaintingLogic().inpaint(node, rod)
        clean = slicer.util.arrayFromVolume(cleanNode)[0]
        self.assertEqual(clean.dtype, np.int16)
        beside = np.abs(columns - 48) > 10
        np.testing.assert_array_equal(clean[beside], image[beside])
        self.assertLess(np.abs(clean - smooth)[rod].mean(), np.abs(image - smooth)[rod].mean() / 2)
        np.testing.assert_array_equal(slicer.util.arrayFromVolume(node)[0], image)
        self.delayDisplay("Test passed")
