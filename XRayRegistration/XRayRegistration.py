"""X-ray Registration: X-rays brought into the frame of the patient's CT."""

from dataclasses import asdict
from pathlib import Path

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)


class XRayRegistration(ScriptedLoadableModule):
    """What Slicer shows of the module before it is opened."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("X-ray Registration")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "XRay3D")]
        self.parent.dependencies = ["XRayCore"]
        self.parent.hidden = False
        self.parent.contributors = ["The XRay3D developers"]
        self.parent.helpText = _(
            "Brings one to four X-rays into the frame of the patient's CT: choose the CT and the X-rays, say where to "
            "start (where the X-rays are, landmarks, a search, or a model that was trained for this CT), and press "
            "Register. The X-rays and their sources are moved by a linear transform node; the CT stays. Judge the "
            "result by its verdict, its expected error and the overlay, and undo it if it is not right. Lengths are in "
            "mm, angles in degrees, coordinates are RAS. Not for diagnosis or treatment."
        )
        self.parent.acknowledgementText = _(
            "Intensity-based registration after R. B. Grupp and colleagues: Automatic annotation of hip anatomy in "
            "fluoroscopy for robust and efficient 2D/3D registration, IJCARS 15, 2020; errors are measured after "
            "E. B. van de Kraats and colleagues: Standardized evaluation methodology for 2-D-3-D registration, IEEE "
            "Transactions on Medical Imaging 24(9), 2005. Models after P. Shrestha and colleagues: X-Ray to CT Rigid "
            "Registration Using Scene Coordinate Regression, MICCAI 2023. Rendering uses NVIDIA Warp, image filters "
            "come from OpenCV, networks from MONAI and PyTorch. "
            "XRay3D is free software under the Apache 2.0 licence."
        )


class XRayRegistrationWidget(ScriptedLoadableModuleWidget):
    """The panel; what it does is in XRayRegistrationLib.panel, imported when the panel opens."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        self.panel = None

    def setup(self):
        """Build the panel."""
        ScriptedLoadableModuleWidget.setup(self)
        from XRayCoreLib.modulewidget import buildPanel
        from XRayRegistrationLib.panel import Panel

        self.logic = XRayRegistrationLogic()
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

        forgetPackage("XRayRegistrationLib")
        ScriptedLoadableModuleWidget.onReload(self)


class XRayRegistrationLogic(ScriptedLoadableModuleLogic):
    """Nodes to library calls, library results to nodes; usable without the panel."""

    def __init__(self):
        ScriptedLoadableModuleLogic.__init__(self)
        self.unreadable = []
        self._patient = None

    def getParameterNode(self):
        """The scene's parameter node, wrapped; what another version left in it and cannot be read takes its default."""
        from XRayCoreLib.storedparameters import repair
        from XRayRegistrationLib.parameters import CHOICES, RANGES, XRayRegistrationParameterNode

        node = super().getParameterNode()
        self.unreadable = repair(node, CHOICES, RANGES)
        return XRayRegistrationParameterNode(node)

    def patientOf(self, ctNode, device=None):
        """The CT of a node, prepared as far as it was kept; the node is read again when it has changed.

        :param ctNode: scalar volume node in HU.
        :param device: "cpu" or "cuda"; None for the one chosen in the settings.
        :raises xray3d.errors.XRay3DError: one sentence on what cannot be used.
        """
        from XRayCoreLib.settings import device as chosenDevice
        from XRayRegistrationLib.patient import Patient

        device = device or chosenDevice()
        return self._patient if self.isKept(ctNode, device) else Patient(ctNode, device)

    def isKept(self, ctNode, device=None):
        """Whether the CT that is kept is that of a node as it is now.

        :param ctNode: scalar volume node, or None.
        :param device: "cpu" or "cuda"; None for the one chosen in the settings.
        :raises xray3d.errors.GeometryError: the node is under a transform that is not linear.
        """
        from XRayCoreLib.contentkey import contentKey
        from XRayCoreLib.settings import device as chosenDevice

        if ctNode is None or self._patient is None:
            return False
        return self._patient.key == contentKey(ctNode, device or chosenDevice())

    def keep(self, patient):
        """Keep a CT on the device, for the next pictures and registrations."""
        self._patient = patient

    def forgetPatient(self):
        """Free the CT kept on the device."""
        self._patient = None

    def task(self, ctNode, request, device=None):
        """A registration ready to be done, by its `run` on any thread.

        :param request: an `XRayRegistrationLib.task.Request`.
        :raises xray3d.errors.XRay3DError: one sentence on what cannot be used.
        """
        from XRayRegistrationLib.task import Task

        return Task.ofNodes(self.patientOf(ctNode, device), ctNode, request)

    def register(
        self,
        ctNode,
        xrayNodes,
        start="current",
        masks=None,
        region=None,
        ctLandmarks=None,
        landmarks=None,
        anglesKnown=True,
        model=None,
        searchAround=True,
        relativeError=None,
        implants="keep",
        device=None,
        seed=0,
    ):
        """Register X-rays to a CT and move them there.

        :returns: an `XRayRegistrationLib.placing.Registration`: the transform nodes, the library's result and, of a
            model, the points that it saw on the bones.
        :param ctNode: scalar volume node in HU; its linear parent transforms count.
        :param xrayNodes: one to four X-rays with geometry.
        :param start: "current" for where the X-rays are now, "landmarks", or "search" without a usable start.
        :param masks: for each X-ray a segmentation or label map node on it, whose pixels are ignored, or None.
        :param region: (segmentation node, segment ID): the bone to register on; None for all of the CT.
        :param ctLandmarks: point list in the CT, for the start "landmarks".
        :param landmarks: for each X-ray a point list on its detector, or None.
        :param anglesKnown: whether landmarks may rely on the X-rays' present direction.
        :param model: folder of a model that was trained for this CT; it takes the place of `start`.
        :param searchAround: whether it may search about the start where that alone is not enough.
        :param relativeError: (mm, degrees), standard deviations by which the X-rays may be off each other; None for
            exact.
        :param implants: what is done about metal, which is where the masks say, or else is found: "keep" for nothing,
            "mask" to ignore it, "inpaint" to paint what it hides, "both" to paint and ignore it; the nodes stay as
            they are.
        :param device: "cpu" or "cuda"; None for the one chosen in the settings.
        :param seed: fixes what is drawn at random.
        :raises xray3d.errors.XRay3DError: one sentence on what cannot be used; the scene is as before.
        :raises XRayCoreLib.packages.PackagesMissing: Python packages are not there and were declined.
        """
        from XRayCoreLib import packages

        packages.ensure("registration")
        from XRayRegistrationLib.placing import Registration, applyOutcome, bonePointsOf
        from XRayRegistrationLib.task import Request

        request = Request(
            xrays=list(xrayNodes),
            masks=list(masks or ()),
            implants=implants,
            start=start if model is None else "model",
            ctLandmarks=ctLandmarks,
            landmarks=list(landmarks or ()),
            anglesKnown=anglesKnown,
            model=model or "",
            region=region,
            searchAround=searchAround,
            relative=relativeError,
            seed=seed,
        )
        request.ensurePackages()
        task = self.task(ctNode, request, device)
        outcome = task.run(lambda text, share: None)
        self.keep(task.patient)
        change = applyOutcome(outcome, task)
        return Registration(outcome.result, change, bonePointsOf(outcome, task))

    def trainModel(
        self,
        ctNode,
        folder,
        poses=None,
        plan=None,
        pretrained=None,
        boneHu=250.0,
        progress=None,
        resume=False,
        overwrite=False,
        device=None,
    ):
        """Train a model that sees from where X-rays of this CT were taken, and keep the best in a folder.

        Takes some minutes. Whatever ends it early leaves the best model so far, and `resume=True` goes on.

        :returns: the `SceneCoordinateModel` of `xray3d.registration.scene_regression.model`; its `report` has the
            errors measured.
        :param ctNode: scalar volume node in HU; its linear parent transforms count.
        :param folder: to save in; new or empty, unless with `overwrite` or `resume`.
        :param poses: `xray3d.datasets.pose_range.PoseRange` from which X-rays will be taken; None for its defaults
            about the middle of the bones.
        :param plan: `xray3d.registration.scene_regression.plan.TrainingPlan`; None for 1,000 steps.
        :param pretrained: folder of a model, of any patient, to begin with; None for the one that comes with XRay3D.
        :param boneHu: what is above is bone, HU.
        :param progress: told what is being done and the share done; what it raises ends the training.
        :param resume: go on with a training of the same that was stopped.
        :param overwrite: replace a model that is in the folder.
        :param device: "cpu" or "cuda"; None for the one chosen in the settings.
        :raises xray3d.errors.XRay3DError: one sentence on what cannot be used.
        :raises XRayCoreLib.packages.PackagesMissing: Python packages are not there and were declined.
        """
        from XRayCoreLib import packages

        packages.ensure("registration")
        packages.ensure("training")
        from XRayRegistrationLib.modeltraining import Training

        patient = self.patientOf(ctNode, device)
        training = Training(
            ct=patient.ct,
            folder=Path(folder),
            device=patient.device,
            poses={} if poses is None else asdict(poses),
            plan={} if plan is None else asdict(plan),
            boneHu=boneHu,
            pretrained=None if pretrained is None else Path(pretrained),
            resume=resume,
            overwrite=overwrite,
        )
        return training.run(progress or (lambda text, share: None))

    def partialPointCloud(self, ctNode, xrayNodes, model, masks=None, seed=0):
        """Where the rays of X-rays enter and leave bone of the CT, as a model sees it; nothing is registered.

        :returns: an `XRayRegistrationLib.bonepoints.BonePoints`: `show()` makes a model node on the CT, coloured by
            uncertainty, `save(path)` writes PLY or VTP.
        :param ctNode: scalar volume node in HU; its linear parent transforms count.
        :param xrayNodes: one to four X-rays with geometry, of one moment.
        :param model: folder of a model that was trained for this CT.
        :param masks: for each X-ray a segmentation or label map node on it, whose pixels are ignored, or None.
        :param seed: fixes what is drawn at random.
        :raises xray3d.errors.XRay3DError: one sentence on what cannot be used, or that nothing was recognised.
        :raises XRayCoreLib.packages.PackagesMissing: Python packages are not there and were declined.
        """
        from XRayCoreLib import packages

        packages.ensure("registration")
        packages.ensure("training")
        from XRayRegistrationLib.bonepoints import BonePoints
        from XRayRegistrationLib.task import Request

        request = Request(xrays=list(xrayNodes), masks=list(masks or ()), start="model", model=model, seed=seed)
        return BonePoints.ofWorld(self.task(ctNode, request).points(), ctNode)

    def loadXRay(self, path, geometry=None):
        """Put an X-ray from a file into the scene, on its detector; returns its volume node.

        :param path: image file: what `xray3d` wrote (NRRD with its JSON), DICOM, or another one with `geometry`.
        :param geometry: file with its geometry: JSON, P-matrix or DICOM; None for the geometry that comes with the
            image.
        :raises xray3d.errors.XRay3DError: one sentence on what cannot be used; the scene is as before.
        :raises XRayCoreLib.packages.PackagesMissing: Python packages are not there and were declined.
        """
        from XRayCoreLib import packages

        packages.ensure("registration")
        from XRayRegistrationLib.loading import loadXRays

        (node,) = loadXRays([path], geometry)
        return node

    def takeGeometry(self, xrayNode, path):
        """Put an image of the scene to where a file says that it was taken; its pixels stay as they are.

        :returns: the change, with `undo()`.
        :param xrayNode: one-slice scalar volume node.
        :param path: file with its geometry: JSON or P-matrix.
        :raises xray3d.errors.XRay3DError: one sentence on what cannot be used; the scene is as before.
        :raises XRayCoreLib.packages.PackagesMissing: Python packages are not there and were declined.
        """
        from XRayCoreLib import packages

        packages.ensure("registration")
        from xray3d.mrml.xray_geometry import geometry_for_node, give_geometry

        return give_geometry(xrayNode, geometry_for_node(xrayNode, path))


class XRayRegistrationTest(ScriptedLoadableModuleTest):
    """Runs inside Slicer too: Reload and Test, or the extension's CTest entries."""

    def setUp(self):
        """An empty scene."""
        slicer.mrmlScene.Clear()

    def runTest(self):
        """Every test of this class; what they need is never installed in a test."""
        from XRayCoreLib import packages

        self.setUp()
        if packages.missing("registration"):
            self.delayDisplay("Not tested: the Python packages that register X-rays are not installed")
            return
        self.test_registeredSpine()

    def test_registeredSpine(self):
        """Two X-rays of a synthetic spine, put some millimetres and degrees off, find back to it."""
        import numpy as np

        from xray3d import DRRRenderer, Projection, XRayImage
        from xray3d.datasets.synthetic_spine import synthetic_lumbar_spine
        from xray3d.geometry.poses import se3_exp
        from xray3d.mrml.volumes import ct_to_node
        from xray3d.mrml.xrays import projection_from_node, xray_to_node

        self.delayDisplay("Making a synthetic spine and two X-rays of it")
        ct = synthetic_lumbar_spine(spacing_mm=4.0).ct
        views = [Projection.from_carm(angle, 0, ct.center_ras, 1020, 700, (128, 128), (2.4, 2.4)) for angle in (0, 80)]
        renderer = DRRRenderer(ct)
        off = se3_exp([4.0, -3.0, 5.0, 0.02, -0.03, 0.01])
        images = [XRayImage(renderer.render(view), view.moved(off)) for view in views]
        nodes = [xray_to_node(image, name=f"X-ray {n}") for n, image in enumerate(images, start=1)]
        self.delayDisplay("Registering them")
        registration = XRayRegistrationLogic().register(ct_to_node(ct, "Spine"), nodes)
        self.assertNotEqual(registration.result.verdict, "failed")
        self.assertEqual(nodes[0].GetParentTransformNode(), registration.transform)
        for node, view in zip(nodes, views, strict=True):
            missed = np.linalg.norm(projection_from_node(node).source_ras - view.source_ras)
            self.assertLess(missed, 3.0)
        registration.undo()
        self.assertIsNone(nodes[0].GetParentTransformNode())
        self.delayDisplay("Test passed")
