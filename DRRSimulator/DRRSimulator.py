"""DRR Simulator: the X-rays that a C-arm would take of a CT, with their exact geometry."""

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)


class DRRSimulator(ScriptedLoadableModule):
    """What Slicer shows of the module before it is opened."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("DRR Simulator")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "XRay3D")]
        self.parent.dependencies = ["XRayCore"]
        self.parent.contributors = ["The XRay3D developers"]
        self.parent.helpText = _(
            "Simulates the X-rays that a C-arm would take of a CT: choose the CT, turn the C-arm with the two sliders "
            "while the slice view follows, and press Apply for the X-ray at full resolution, which stands on its "
            "detector in the scene. Angles are DICOM's positioner angles in degrees (LAO and CRA positive), distances "
            "are in mm, coordinates are RAS. Not for diagnosis or treatment."
        )
        self.parent.acknowledgementText = _(
            "Rendering uses NVIDIA Warp, tube spectra come from SpekPy, attenuation tables from xraydb. "
            "XRay3D is free software under the Apache 2.0 licence."
        )


class DRRSimulatorWidget(ScriptedLoadableModuleWidget):
    """The panel; what it does is in DRRSimulatorLib.panel, imported when the panel opens."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        self.panel = None

    def setup(self):
        """Build the panel."""
        ScriptedLoadableModuleWidget.setup(self)
        from DRRSimulatorLib.panel import Panel
        from XRayCoreLib.modulewidget import buildPanel

        self.logic = DRRSimulatorLogic()
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

        forgetPackage("DRRSimulatorLib")
        ScriptedLoadableModuleWidget.onReload(self)


class DRRSimulatorLogic(ScriptedLoadableModuleLogic):
    """Nodes to library calls, library results to nodes; usable without the panel."""

    def __init__(self):
        ScriptedLoadableModuleLogic.__init__(self)
        self.unreadable = []
        self._prepared = None

    def getParameterNode(self):
        """The scene's parameter node, wrapped; what another version left in it and cannot be read takes its default."""
        from DRRSimulatorLib.parameters import STORED_CHOICES, DRRSimulatorParameterNode
        from DRRSimulatorLib.viewsettings import RANGES
        from XRayCoreLib.storedparameters import repair

        node = super().getParameterNode()
        self.unreadable = repair(node, STORED_CHOICES, RANGES)
        return DRRSimulatorParameterNode(node)

    def exposures(self, ctNode, settings, implantNodes=(), device=None):
        """X-rays ready to be taken, by `take` on any thread.

        :param ctNode: scalar volume node in HU.
        :param settings: a list of `DRRSimulatorLib.viewsettings.ViewSettings`, one for each X-ray.
        :param implantNodes: model nodes that are metal.
        :param device: "cpu" or "cuda"; None for the one chosen in the settings.
        :raises xray3d.errors.XRay3DError: one sentence on what cannot be used.
        """
        from DRRSimulatorLib.exposures import Exposures, PreparedCt
        from XRayCoreLib.settings import device as chosenDevice

        self._prepared = self._prepared or PreparedCt()
        return Exposures.ofNodes(ctNode, settings, implantNodes, device or chosenDevice(), self._prepared)

    def keepPatient(self, exposures):
        """Keep the CT that these X-rays were taken of on the device, for the next ones."""
        self._prepared.keep(exposures)

    def forgetPatient(self):
        """Free the CT kept on the device."""
        if self._prepared is not None:
            self._prepared.forget()

    def simulate(
        self,
        ctNode,
        primaryDeg=0.0,
        secondaryDeg=0.0,
        isocenter=None,
        sddMm=1020.0,
        sodMm=700.0,
        sizePx=(512, 512),
        pixelMm=(0.6, 0.6),
        physics="line integrals",
        seed=0,
        implants=(),
        metal="titanium",
        device=None,
        node=None,
        name=None,
    ):
        """Take one X-ray and return its volume node, which stands on the detector in the scene.

        :param ctNode: scalar volume node in HU; its linear parent transforms count.
        :param primaryDeg: RAO negative, LAO positive.
        :param secondaryDeg: CAU negative, CRA positive.
        :param isocenter: (3,) RAS in mm, or a node whose centre it is; None for the centre of the CT.
        :param sddMm: source to detector.
        :param sodMm: source to isocentre.
        :param sizePx: (rows, columns).
        :param pixelMm: (row, column) spacing on the detector.
        :param physics: "line integrals" or a preset of `xray3d.drr.physics.presets`.
        :param seed: fixes the noise.
        :param implants: model nodes that are metal.
        :param metal: what they are made of, a key of `xray3d.drr.physics.materials.METALS`.
        :param device: "cpu" or "cuda"; None for the one chosen in the settings.
        :param node: the X-ray node to take again; None for a new one, called `name`.
        :raises xray3d.errors.XRay3DError: one sentence on what cannot be used; the scene is as before.
        :raises XRayCoreLib.packages.PackagesMissing: Python packages are not there and were declined.
        """
        from XRayCoreLib import packages

        packages.ensure("rendering")
        from DRRSimulatorLib.exposures import requireCt
        from DRRSimulatorLib.views import storeView
        from DRRSimulatorLib.viewsettings import ViewSettings

        requireCt(ctNode)
        settings = ViewSettings(
            primaryDeg=primaryDeg,
            secondaryDeg=secondaryDeg,
            sddMm=sddMm,
            sodMm=sodMm,
            rows=sizePx[0],
            columns=sizePx[1],
            pixelRowMm=pixelMm[0],
            pixelColumnMm=pixelMm[1],
            physics=physics,
            seed=seed,
            metal=metal,
        ).withIsocenter(self.pointOf(ctNode if isocenter is None else isocenter))
        exposures = self.exposures(ctNode, [settings], implants, device)
        (xray,) = exposures.take(lambda text, share: None)
        self.keepPatient(exposures)
        return storeView(xray, settings, node, name)

    def pointOf(self, where):
        """(3,) RAS in mm of a node's centre, or of a point that is one already."""
        from xray3d.mrml.points import point_from_node

        return point_from_node(where) if where is None or hasattr(where, "GetID") else where


class DRRSimulatorTest(ScriptedLoadableModuleTest):
    """Runs inside Slicer too: Reload and Test, or the extension's CTest entries."""

    def setUp(self):
        """An empty scene."""
        slicer.mrmlScene.Clear()

    def runTest(self):
        """Every test of this class; what they need is never installed in a test."""
        from XRayCoreLib import packages

        self.setUp()
        if packages.missing("rendering"):
            self.delayDisplay("Not tested: the Python packages that simulate X-rays are not installed")
            return
        self.test_simulatedSpine()

    def test_simulatedSpine(self):
        """A synthetic spine's X-ray stands on its detector and shows the bone where the geometry says."""
        import numpy as np

        from xray3d.datasets.synthetic_spine import synthetic_lumbar_spine
        from xray3d.mrml.volumes import ct_to_node
        from xray3d.mrml.xrays import xray_from_node

        self.delayDisplay("Making a synthetic spine")
        patient = synthetic_lumbar_spine(spacing_mm=4.0)
        ctNode = ct_to_node(patient.ct, "Spine")
        self.delayDisplay("Taking an X-ray of it")
        node = DRRSimulatorLogic().simulate(ctNode, 20, -10, isocenter=(0, 0, 0), sizePx=(128, 128), pixelMm=(2.4, 2.4))
        xray = xray_from_node(node)
        centreOfL3 = patient.column.vertebra("L3").to_ras[:3, 3]
        column, row = np.round(xray.projection.project(centreOfL3)).astype(int)
        inBone = xray.pixels[row - 3 : row + 4, column - 3 : column + 4].mean()
        beside = xray.pixels[row - 3 : row + 4, [column - 30, column + 30]].mean()
        self.assertGreater(inBone, 1.1 * beside)
        self.assertAlmostEqual(xray.projection.sdd_mm, 1020.0, places=6)
        self.delayDisplay("Test passed")
