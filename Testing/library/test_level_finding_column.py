"""Columns of vertebrae: the best of all, whoever says otherwise of one."""

import numpy as np
import pytest

from xray3d.reconstruction.level_finding.column import likeliest_column
from xray3d.reconstruction.scenes import LEVELS

# Middles from T11 to the sacrum, 34 mm from each other, and something beside.
MIDDLES = np.array([[0.0, 10.0 * np.sin(number), 34.0 * (4 - number)] for number in range(8)])
PLACES = np.concatenate([MIDDLES, [[60.0, 20.0, 40.0]]])
T11, T12, SACRUM, BESIDE = 0, 1, 7, 8
ABSENT = np.full(6, -8.0)


def says(named=0, here=6.0, neighbour=1.0, elsewhere=-8.0):
    """(levels, places) of X-rays that take the level below T11, or so many below that, for T12."""
    table = np.full((6, len(PLACES)), elsewhere)
    for number in range(6):
        for shift, value in ((0, here), (-1, neighbour), (1, neighbour)):
            if 0 <= (place := number + T12 + named + shift) <= SACRUM:
                table[number, place] = value
    return table


def places(column):
    return {level: place for level, (place, _) in column.items()}


def test_what_is_said_of_each_and_fits_is_the_column():
    column = likeliest_column(PLACES, says(), ABSENT)
    assert list(column) == list(LEVELS)
    assert places(column) == {level: T12 + number for number, level in enumerate(LEVELS)}
    assert min(confidence for _, confidence in column.values()) > 0.9


@pytest.mark.parametrize("wrong", range(6))
def test_one_level_that_is_taken_for_its_neighbour_is_outvoted_by_the_others(wrong):
    table = says()
    table[wrong, T12 + wrong], table[wrong, min(T12 + wrong + 1, SACRUM)] = 0.0, 8.0
    assert places(likeliest_column(PLACES, table, ABSENT)) == {level: T12 + n for n, level in enumerate(LEVELS)}


def test_what_lies_aslant_is_no_part_of_it_however_sure():
    table = says()
    table[3, BESIDE] = 20.0
    assert places(likeliest_column(PLACES, table, ABSENT))["L3"] == T12 + 3


def test_levels_that_are_not_there_are_not_part_of_it():
    seen = slice(T12 + 2, T12 + 5)
    column = likeliest_column(PLACES[seen], says()[:, seen], np.full(6, -2.0))
    assert places(column) == {"L2": 0, "L3": 1, "L4": 2}


def test_nothing_is_found_where_it_is_likelier_that_there_is_none():
    assert likeliest_column(PLACES, says(), np.full(6, 7.0)) == {}


def test_names_that_may_as_well_be_one_off_are_half_as_sure():
    """And of the two, either."""
    column = likeliest_column(PLACES, np.maximum(says(), says(named=1)), ABSENT)
    for _, confidence in column.values():
        assert confidence == pytest.approx(0.5, abs=0.15)
    surer = likeliest_column(PLACES, np.maximum(says(), says(named=1, here=3.0)), ABSENT)
    assert places(surer) == {level: T12 + number for number, level in enumerate(LEVELS)}
    assert min(confidence for _, confidence in surer.values()) > 0.7


def test_order_is_from_head_to_foot_whatever_is_said():
    upside_down = says()[::-1].copy()
    column = likeliest_column(PLACES, upside_down, ABSENT)
    heights = [PLACES[place, 2] for place, _ in column.values()]
    assert heights == sorted(heights, reverse=True)
