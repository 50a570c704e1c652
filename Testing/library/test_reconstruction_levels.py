"""The order of vertebrae."""

import numpy as np

from xray3d.reconstruction.levels import anatomical_order

FROM_HEAD_TO_FOOT = ["C1", "C7", "T1", "T2", "T10", "Th11", "t12", "L1", "L 2", "L3", "L5", "L6", "S1"]
OTHERS = ["", "3L", "L", "L3 left", "Th", "Vertebra-1", "X1"]


def test_from_head_to_foot_and_what_is_no_level_last_by_text():
    right = [*FROM_HEAD_TO_FOOT, *OTHERS]
    for seed in range(5):
        assert sorted(np.random.default_rng(seed).permutation(right).tolist(), key=anatomical_order) == right
