"""`xray3d reconstruct` as a user runs it."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from test_reconstruct import MIDDLE, Fake, xray
from xray3d import load_labels, save_xray
from xray3d.datasets.synthetic_spine import VERTEBRA_LABELS
from xray3d.drr.surfaces import read_surface
from xray3d.inpainting import treatment
from xray3d.reconstruction import agreement, model
from xray3d.reconstruction.level_finding import regions
from xray3d.reconstruction.level_finding.found import Found


@pytest.fixture
def loaded():
    """The folders of models that were read."""
    return []


@pytest.fixture
def run(command, tmp_path, monkeypatch, loaded):
    """The command in a folder with two X-rays, with a network that sees a ball of 20 mm."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(model, "load_network", lambda folder, device: loaded.append(str(folder)) or (Fake(), None))
    save_xray(xray(0), "ap.nrrd")
    save_xray(xray(3), "lateral.nrrd")
    (tmp_path / "roi.json").write_text(json.dumps({"middle_ras": MIDDLE.tolist()}))
    return lambda *arguments: command("reconstruct", *arguments)


VIEWS, ROI = ("ap.nrrd", "lateral.nrrd"), ("--roi", "roi.json")


def test_a_vertebra_is_written_as_labels_and_as_surfaces(run, tmp_path):
    surfaces = [f"L3.{kind}" for kind in ("stl", "ply", "vtp")]
    outputs = [argument for name in ("L3.nrrd", *surfaces) for argument in ("-o", name)]
    code, out, _ = run(*VIEWS, *ROI, *outputs, "--json")
    assert code == 0
    report = json.loads(out)
    assert report["files"] == ["L3.nrrd", *surfaces]
    ball_ml = 4 / 3 * np.pi * 20**3 / 1000
    (vertebra,) = report["vertebrae"]
    assert vertebra["volume_ml"] == pytest.approx(ball_ml, rel=0.02)
    assert vertebra["level"] is None
    np.testing.assert_allclose(vertebra["middle_ras"], MIDDLE, atol=1e-3)
    labels = load_labels(tmp_path / "L3.nrrd")
    inside = np.argwhere(labels.labels == 1)[:, ::-1]
    np.testing.assert_allclose(labels.to_ras(inside).mean(axis=0), MIDDLE, atol=0.1)
    assert np.unique(labels.labels).tolist() == [0, 1]
    for name in surfaces:
        vertices, _ = read_surface(tmp_path / name)
        np.testing.assert_allclose(vertices.mean(axis=0), MIDDLE * [-1, -1, 1], atol=0.2)
        assert b"SPACE" in (tmp_path / name).read_bytes()
        assert b"LPS" in (tmp_path / name).read_bytes()


def test_what_was_done_is_said_in_words(run):
    code, out, _ = run(*VIEWS, *ROI, "-o", "L3.vtp")
    assert code == 0
    assert out.startswith("L3.vtp: a vertebra of 33 ml, in ")


class Painting:
    """Stands in for the networks that take implants out: the first X-ray has one."""

    def __init__(self, grey=None):
        self.grey, self.asked = grey, 0

    def paint(self, xray, mask):
        self.asked += 1
        pixels = xray.pixels if self.grey is None else np.full_like(xray.pixels, self.grey)
        return SimpleNamespace(pixels=pixels, mask=np.full(xray.pixels.shape, self.asked == 1))


def test_implants_are_taken_out_first_where_asked_and_where_there_are_some(run, monkeypatch):
    painting = Painting()
    monkeypatch.setattr(treatment, "_inpainter", lambda device: painting)
    assert run(*VIEWS, *ROI, "-o", "L3.stl")[0] == 0
    assert not painting.asked
    code, _, err = run(*VIEWS, *ROI, "-o", "without.stl", "--inpaint")
    assert code == 0
    assert painting.asked == 2
    assert err.count("no implant was found; it is used as it is.") == 1


def test_what_was_painted_is_what_is_reconstructed_from(run, monkeypatch):
    monkeypatch.setattr(treatment, "_inpainter", lambda device: Painting(grey=1.0))
    code, _, err = run(*VIEWS, *ROI, "-o", "L3.stl", "--inpaint")
    assert code == 2
    assert "has one grey value" in err


@pytest.fixture
def found(monkeypatch):
    """Two levels, in the place of those that the shipped network finds."""
    levels = {"L3": MIDDLE, "L4": MIDDLE - [0, 0, 30]}
    seen = [Found(level, middle, 1.0, 0.9, 2) for level, middle in levels.items()]
    monkeypatch.setattr(regions, "locate", lambda xrays, device: seen)
    return seen


def test_without_a_region_all_that_are_found_are_reconstructed(run, found, tmp_path):
    code, out, _ = run(*VIEWS, "-o", "spine.nrrd", "-o", "spine.stl", "--json")
    assert code == 0
    assert [one["level"] for one in json.loads(out)["vertebrae"]] == ["L3", "L4"]
    labels = load_labels(tmp_path / "spine.nrrd")
    assert np.unique(labels.labels).tolist() == [0, VERTEBRA_LABELS["L3"]], "both see the same ball"
    vertices, _ = read_surface(tmp_path / "spine.stl")
    assert np.ptp(vertices[:, 2]) == pytest.approx(40, abs=1)


@pytest.mark.parametrize(("confidence", "count"), [(0.95, 0), (0.6, 1)])
def test_names_that_may_be_wrong_are_said_to_be(run, found, confidence, count):
    found[:] = [replace(one, confidence=confidence) for one in found]
    code, out, err = run(*VIEWS, "-o", "spine.nrrd", "--json")
    assert code == 0
    said = [doubt for doubt in json.loads(out)["doubts"] if "next vertebra up or down" in doubt]
    assert len(said) == err.count("next vertebra up or down") == count


def test_levels_may_be_chosen_of_what_is_found(run, found):
    code, out, _ = run(*VIEWS, "-o", "L4.stl", "--level", "L4", "--json")
    assert code == 0
    (one,) = json.loads(out)["vertebrae"]
    assert one["level"] == "L4"
    np.testing.assert_allclose(one["middle_ras"], MIDDLE - [0, 0, 30], atol=1e-3)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--level", "L1"), "L1 was not found, but L3, L4; choose of these"),
        ((*ROI, "--level", "L3"), "--level is for vertebrae that are found"),
    ],
)
def test_levels_that_cannot_be_chosen_are_one_sentence(run, found, options, sentence):
    code, _, err = run(*VIEWS, *options, "-o", "L3.stl")
    assert code == 2
    assert err.startswith(f"xray3d: {sentence}")


def test_where_nothing_is_found_the_user_is_asked(run, found):
    found.clear()
    code, _, err = run(*VIEWS, "-o", "L3.stl")
    assert code == 2
    assert "No vertebra was found that the X-rays agree on; say where it is." in err


@pytest.mark.parametrize(("options", "folder"), [((), str(model.SHIPPED)), (("--model", "mine"), "mine")])
def test_a_model_may_be_chosen(run, loaded, options, folder):
    assert run(*VIEWS, *ROI, *options, "-o", "L3.stl")[0] == 0
    assert loaded == [folder]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((*VIEWS, *ROI, "-o", "L3.png"), "L3.png cannot be written; choose one of .nrrd"),
        ((*VIEWS, *ROI, "-o", "ap.nrrd"), "ap.nrrd already exists"),
        ((*VIEWS, *ROI, "-o", "none/L3.stl"), "The folder of none/L3.stl does not exist"),
        ((*VIEWS, *ROI, "-o", "L3.stl", "-o", "L3.stl"), "L3.stl is named twice"),
        ((*VIEWS, "--roi", "no.json", "-o", "L3.stl"), "no.json does not exist"),
        (("no.nrrd", *ROI, "-o", "L3.stl"), "no.nrrd does not exist"),
    ],
)
def test_bad_input_is_one_sentence(run, tmp_path, arguments, sentence):
    before = sorted(tmp_path.iterdir())
    code, _, err = run(*arguments)
    assert code == 2
    assert err.startswith(f"xray3d: {sentence}")
    assert err.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_an_x_ray_that_does_not_see_the_place_is_named(run, tmp_path):
    (tmp_path / "roi.json").write_text(json.dumps({"middle_ras": (MIDDLE + [0, 400, 0]).tolist()}))
    code, _, err = run(*VIEWS, *ROI, "-o", "L3.stl")
    assert code == 2
    assert "lateral.nrrd: An X-ray does not see the middle" in err
    assert not (tmp_path / "L3.stl").exists()


def test_an_xray_that_shows_the_bone_elsewhere_is_named(run, monkeypatch):
    doubt = "ap shows what was reconstructed about 12 mm from where its geometry says."
    asked = []
    monkeypatch.setattr(agreement, "disagreements", lambda made: asked.extend(made) or [doubt])
    code, out, err = run(*VIEWS, *ROI, "-o", "L3.stl", "--json")
    assert code == 0
    assert json.loads(out)["doubts"] == [doubt]
    assert doubt in err
    ((bone, xrays),) = asked
    assert bone.inside.any()
    assert len(xrays) == 2
