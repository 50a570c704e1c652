"""The hidden module that carries what XRay3D's modules share: the library xray3d, and XRayCoreLib for the panels."""

import qt
import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)

# Repeated from the library, which takes long to import and whose packages may not be there.
SDD_ATTRIBUTE = "XRay3D.SourceToDetectorDistance"


class XRayCore(ScriptedLoadableModule):
    """Registers the sample data once the application has started, and ends the jobs with it."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("XRay3D Core")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Utilities")]
        parent.dependencies = []
        parent.contributors = [_("XRay3D developers")]
        parent.helpText = _(
            "What the modules of XRay3D share. Here you choose where they compute, and install the Python packages "
            "they need before they ask for them."
        )
        parent.acknowledgementText = _("Simulated X-rays are computed with NVIDIA Warp, xraydb and SpekPy.")
        parent.hidden = True
        slicer.app.connect("startupCompleted()", registerSampleData)
        slicer.app.connect("startupCompleted()", watchLoadedScenes)
        slicer.app.connect("aboutToQuit()", abandonJobs)


def registerSampleData():
    """Offer XRay3D's samples in the Sample Data module, which some applications built on Slicer leave out."""
    if hasattr(slicer.modules, "sampledata"):
        from XRayCoreLib import sampledata

        sampledata.register()


def watchLoadedScenes():
    """See to it that X-rays of a loaded scene stand on their detectors again."""
    for event in (slicer.vtkMRMLScene.EndImportEvent, slicer.vtkMRMLScene.EndRestoreEvent):
        slicer.mrmlScene.AddObserver(event, showXRaysOfScene)


def showXRaysOfScene(scene, event=None):
    """Reconnect the X-rays' textures, which no scene file keeps; nothing in scenes without X-rays of ours."""
    from XRayCoreLib import packages

    volumeNodes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode", scene)
    if any(node.GetAttribute(SDD_ATTRIBUTE) for node in volumeNodes) and not packages.missing("rendering"):
        from xray3d.mrml.frustum import reconnect_images

        reconnect_images(scene)


def abandonJobs():
    """Have no job working while the application comes down."""
    from XRayCoreLib import job

    job.abandonAll()


class XRayCoreWidget(ScriptedLoadableModuleWidget):
    """Where to compute, and which packages are there."""

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        self.logic = XRayCoreLogic()
        form = qt.QFormLayout()
        self.layout.addLayout(form)
        self.deviceComboBox = self._createDeviceComboBox()
        form.addRow(_("Compute on:"), self.deviceComboBox)
        self.installButtons = {feature: self._createInstallButton(feature) for feature in self.logic.features()}
        for feature, button in self.installButtons.items():
            form.addRow(self.logic.features()[feature] + ":", button)
        self.messageLabel = qt.QLabel()
        self.messageLabel.wordWrap = True
        self.layout.addWidget(self.messageLabel)
        self.layout.addStretch(1)
        self.updateInstallButtons()

    def enter(self):
        self.updateInstallButtons()

    def updateInstallButtons(self):
        """Say of every feature whether its packages are there; other modules may have installed them meanwhile."""
        for feature, button in self.installButtons.items():
            missing = self.logic.missingPackages(feature)
            button.text = _("Install {names}").format(names=", ".join(missing)) if missing else _("Ready")
            button.enabled = bool(missing)

    def _createDeviceComboBox(self):
        from XRayCoreLib import settings

        comboBox = qt.QComboBox()
        comboBox.toolTip = _("Where X-rays are computed, in every module of XRay3D.")
        for choice, text in settings.device_choices().items():
            comboBox.addItem(text, choice)
        comboBox.currentIndex = list(settings.device_choices()).index(settings.device_choice())
        comboBox.currentIndexChanged.connect(self.onDeviceChosen)
        return comboBox

    def _createInstallButton(self, feature):
        button = qt.QPushButton()
        button.toolTip = _("Download and install the Python packages that this needs; you are asked first.")
        button.clicked.connect(lambda: self.onInstall(feature))
        return button

    def onDeviceChosen(self, index):
        from XRayCoreLib import settings

        settings.set_device_choice(list(settings.device_choices())[index])

    def onInstall(self, feature):
        from XRayCoreLib import messages

        self.messageLabel.text = ""
        with messages.reporting(self.showMessage):
            self.logic.install(feature)
        self.updateInstallButtons()

    def showMessage(self, sentence, details):
        """Show a sentence in the panel; one with details in a dialog as well, which has them behind a button."""
        from XRayCoreLib import messages

        self.messageLabel.text = sentence
        if details:
            messages.show_error(sentence, details)


class XRayCoreLogic(ScriptedLoadableModuleLogic):
    """Packages of XRay3D's features, for the panel and for the console."""

    def features(self):
        """Title of every feature that needs packages of its own, by the feature's name."""
        from XRayCoreLib.requirements import FEATURES

        return {name: feature.title for name, feature in FEATURES.items()}

    def missingPackages(self, feature):
        """The requirements of a feature that are not installed."""
        from XRayCoreLib import packages

        return [package.requirement for package in packages.missing(feature)]

    def install(self, feature):
        """Install what is missing, after asking; XRayCoreLib.packages.PackagesMissing where that comes to nothing."""
        from XRayCoreLib import packages

        packages.ensure(feature)


class XRayCoreTest(ScriptedLoadableModuleTest):
    """Runs inside Slicer, with whatever packages are there."""

    def setUp(self):
        slicer.mrmlScene.Clear()

    def test_jobHandsItsResultToTheMainThread(self):
        import threading

        from XRayCoreLib import job

        ends = []
        job.run(
            "XRayCoreTest",
            lambda progress: threading.current_thread(),
            lambda status: None,
            lambda worker: ends.append((worker, threading.current_thread())),
            lambda sentence, details: ends.append(sentence),
        )
        while job.isRunning("XRayCoreTest"):
            slicer.app.processEvents()
        (worker, receiver) = ends[0]
        assert worker is not receiver
        assert receiver is threading.main_thread()

    def test_samplesAreRegistered(self):
        if not hasattr(slicer.modules, "sampledata"):
            self.skipTest("There is no Sample Data module here.")
        from XRayCoreLib.sampledata import CATEGORY

        registerSampleData()
        assert len(slicer.modules.sampleDataSources[CATEGORY]) == 2
