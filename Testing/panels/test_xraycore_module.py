"""The hidden module: where to compute, which packages are there, and the sample data."""

import os
import sys
import time
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import slicer

import xray3d.drr.device
from standin import CapturedMessages, make_module, remove_module
from xray3d import CTVolume, LabelVolume
from xray3d.datasets import sample_data
from xray3d.errors import DeviceError
from XRayCoreLib import job, messages, packages, sampledata, settings
from XRayCoreLib.packages import PackagesMissing
from XRayCoreLib.requirements import FEATURES

LIMIT_S = 20


@pytest.fixture
def dialogs():
    with CapturedMessages() as captured:
        yield captured


@pytest.fixture
def declined(monkeypatch):
    """A Slicer without the packages, whose user does not want them."""

    def decline(feature):
        raise PackagesMissing("Simulating X-rays needs Python packages that are not installed.")

    monkeypatch.setattr(packages, "ensure", decline)
    monkeypatch.setattr(packages, "missing", lambda feature: list(FEATURES[feature].packages))


@pytest.fixture(autouse=True)
def _as_before():
    yield
    settings.set_device_choice(settings.AUTOMATIC)
    job.abandonAll()


def spinToEnd():
    end = time.monotonic() + LIMIT_S
    while job._running:
        assert time.monotonic() < end, "waited in vain"
        slicer.app.processEvents()


class TestPanel:
    def test_is_hidden_and_opens_without_asking_anything(self, dialogs):
        module = make_module("XRayCore")
        assert module.hidden
        panel = module.widgetRepresentation().self()
        assert set(panel.installButtons) == set(FEATURES)
        assert dialogs.texts == []

    def test_starts_in_an_application_without_sample_data(self, monkeypatch):
        monkeypatch.delattr(slicer.modules, "sampledata", raising=False)
        monkeypatch.setattr(sampledata, "register", lambda: pytest.fail("There is nowhere to register samples."))
        make_module("XRayCore")
        slicer.app.startupCompleted.emit()

    def test_device_is_remembered(self):
        panel = make_module("XRayCore").widgetRepresentation().self()
        panel.deviceComboBox.currentIndex = panel.deviceComboBox.findData("cpu")
        assert settings.device_choice() == "cpu"
        remove_module("XRayCore")
        panel = make_module("XRayCore").widgetRepresentation().self()
        assert panel.deviceComboBox.currentData == "cpu"

    def test_installed_packages_need_no_button(self):
        panel = make_module("XRayCore").widgetRepresentation().self()
        assert panel.installButtons["rendering"].text == "Ready"
        assert not panel.installButtons["rendering"].enabled

    def test_refusal_leaves_the_panel_explained_and_alive(self, declined):
        panel = make_module("XRayCore").widgetRepresentation().self()
        button = panel.installButtons["rendering"]
        assert "warp-lang" in button.text
        button.click()
        assert panel.messageLabel.text == "Simulating X-rays needs Python packages that are not installed."
        assert button.enabled

    def test_failure_shows_its_details_behind_a_button(self, monkeypatch, declined, dialogs):
        def fail(feature):
            raise PackagesMissing("Python packages could not be installed.", "pip: no space left on device")

        monkeypatch.setattr(packages, "ensure", fail)
        panel = make_module("XRayCore").widgetRepresentation().self()
        panel.installButtons["training"].click()
        assert panel.messageLabel.text == "Python packages could not be installed."
        assert dialogs.details == ["pip: no space left on device"]

    def test_samples_are_registered_once_slicer_has_started_and_jobs_end_with_it(self, monkeypatch):
        calls = []
        monkeypatch.setattr(sampledata, "register", lambda: calls.append("register"))
        monkeypatch.setattr(job, "abandonAll", lambda: calls.append("abandon"))
        monkeypatch.setattr(slicer.modules, "sampledata", object(), raising=False)
        make_module("XRayCore")
        assert calls == []
        # The module may have been loaded by other tests before, and each time it connects itself.
        slicer.app.startupCompleted.emit()
        assert set(calls) == {"register"}
        slicer.app.aboutToQuit.emit()
        assert calls[-1] == "abandon"


class TestDevice:
    @pytest.mark.parametrize(("has_cuda", "device"), [(True, "cuda"), (False, "cpu")])
    def test_automatic_takes_what_is_there(self, monkeypatch, has_cuda, device):
        monkeypatch.setattr(xray3d.drr.device, "has_cuda", lambda: has_cuda)
        assert settings.device_choice() == settings.AUTOMATIC
        assert settings.device() == device

    def test_the_choice_is_remembered_and_kept(self, monkeypatch):
        monkeypatch.setattr(xray3d.drr.device, "has_cuda", lambda: True)
        settings.set_device_choice("cpu")
        assert settings.device() == "cpu"

    def test_a_setting_of_another_version_counts_as_none(self):
        settings.set_device_choice("opencl")
        assert settings.device_choice() == settings.AUTOMATIC

    @pytest.mark.skipif(xray3d.drr.device.has_cuda(), reason="this machine has a GPU")
    def test_without_a_gpu_choosing_it_ends_in_one_sentence(self):
        settings.set_device_choice("cuda")
        said = []
        with messages.reporting(lambda sentence, details: said.append((sentence, details))):
            xray3d.drr.device.resolve_device(settings.device())
        [(sentence, details)] = said
        assert "no compute device" in sentence
        assert details == ""
        assert issubclass(DeviceError, ValueError)


class TestSampleData:
    @pytest.fixture
    def offered(self, monkeypatch):
        """The samples as Slicer's Sample Data module has them: its own code where it is at hand, else a double."""
        monkeypatch.setattr(slicer.modules, "sampleDataSources", {}, raising=False)
        own = (
            Path(os.environ.get("SLICER_PYTHON_DIR", "/nowhere")).parent.parent / "Modules" / "Scripted" / "SampleData"
        )
        monkeypatch.delitem(sys.modules, "SampleData", raising=False)
        if (own / "SampleData.py").exists():
            monkeypatch.syspath_prepend(own)
        else:
            monkeypatch.setitem(sys.modules, "SampleData", _sample_data_double())
        sampledata.register()
        return slicer.modules.sampleDataSources[sampledata.CATEGORY]

    def test_every_sample_has_a_name_and_a_picture(self, offered):
        assert len({sample.sampleName for sample in offered}) == len(offered) == 2
        for sample in offered:
            assert Path(sample.thumbnailFileName).read_bytes().startswith(b"\x89PNG")

    def test_the_tests_inside_slicer_pass_here_too(self, offered, monkeypatch):
        monkeypatch.setattr(slicer.modules, "sampledata", object(), raising=False)
        make_module("XRayCore")
        slicer.selfTests["XRayCore"]()

    def test_registering_again_lists_nothing_twice(self, offered):
        sampledata.register()
        assert len(offered) == 2

    def test_picking_a_sample_makes_that_one(self, offered, monkeypatch):
        picked = []
        monkeypatch.setattr(sampledata, "load", picked.append)
        for sample in offered:
            sample.customDownloader(sample)
        assert picked == [sampledata.synthetic_spine, sampledata.chest_ct]

    def test_nothing_happens_before_a_sample_is_picked(self, offered):
        assert not job._running
        assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 0

    def test_a_sample_becomes_a_ct_and_its_bones(self):
        rng = np.random.default_rng(0)
        ct = CTVolume(rng.uniform(-1000, 1000, (3, 4, 5)), np.diag([1.0, -2.0, 3.0, 1.0]), "Cube")
        labels = LabelVolume((ct.hu > 0).astype(np.uint8), ct.ijk_to_ras)
        sampledata.load(lambda progress: sampledata.Patient(ct, labels, {1: "vertebrae_L1"}))
        spinToEnd()
        node = slicer.util.getNode("Cube")
        assert np.array_equal(slicer.util.arrayFromVolume(node), ct.hu)
        segmentation = slicer.util.getNode("Cube bones").GetSegmentation()
        assert [segmentation.GetNthSegment(0).GetName()] == ["vertebrae_L1"]

    def test_synthetic_spine_and_its_labels_belong_together(self, monkeypatch):
        from xray3d.datasets import synthetic_spine

        make = synthetic_spine.synthetic_lumbar_spine
        monkeypatch.setattr(synthetic_spine, "synthetic_lumbar_spine", lambda: make(spacing_mm=5.0))
        patient = sampledata.synthetic_spine(lambda text, share: None)
        assert patient.names[29] == "vertebrae_L3"
        assert patient.ct.hu[patient.labels.labels == 29].mean() > 150

    def test_without_network_one_sentence_is_shown(self, monkeypatch, dialogs):
        def offline():
            raise sample_data.SampleDataError("The sample CT could not be downloaded; check the network.")

        monkeypatch.setattr(sample_data, "sample_chest_ct", offline)
        sampledata.load(sampledata.chest_ct)
        spinToEnd()
        assert dialogs.texts == ["The sample CT could not be downloaded; check the network."]
        assert dialogs.details == [None]

    def test_without_packages_one_sentence_is_shown(self, declined, dialogs):
        sampledata.load(sampledata.synthetic_spine)
        assert dialogs.texts == ["Simulating X-rays needs Python packages that are not installed."]
        assert not job._running


class TestMessages:
    def test_nothing_is_shown_where_nothing_went_wrong(self, dialogs):
        with messages.reporting():
            pass
        assert dialogs.texts == []

    def test_details_go_behind_the_button_and_into_the_log(self, dialogs, caplog):
        with messages.reporting():
            raise IndexError("vertebra 7")
        assert "IndexError" in dialogs.texts[0]
        assert "vertebra 7" in dialogs.details[0]
        assert "vertebra 7" in caplog.text


def _sample_data_double():
    from types import SimpleNamespace

    class SampleDataLogic:
        @staticmethod
        def registerCustomSampleDataSource(category, sampleName, uris, customDownloader, thumbnailFileName):
            sample = SimpleNamespace(
                sampleName=sampleName, customDownloader=customDownloader, thumbnailFileName=thumbnailFileName
            )
            registered = slicer.modules.sampleDataSources.setdefault(category, [])
            if sample not in registered:
                registered.append(sample)

    double = ModuleType("SampleData")
    double.SampleDataLogic = SampleDataLogic
    return double
