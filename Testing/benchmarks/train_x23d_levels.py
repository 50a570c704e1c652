"""Trains the network that ships to find vertebrae on X-rays; run by hand, see `train_x23d_support`:

python Testing/benchmarks/train_x23d_levels.py XRayCore/xray3d/models/shipped/x23d_levels [STEPS [START]]
"""

from train_x23d_support import main, patients, usual_spines, varied_spines
from xray3d.reconstruction.training import LEVELS

if __name__ == "__main__":
    # The other patient is for `xray3d benchmark x23d`.
    main(LEVELS, usual_spines(), varied_spines(), patients("abdomen_pelvis_acrin001"))
