"""Trains the network that ships to find vertebrae on X-rays; run by hand, see `train_x23d_support`:

python Testing/benchmarks/train_x23d_levels.py XRayCore/xray3d/models/shipped/x23d_levels [STEPS [START]]
"""

from train_x23d_support import main
from xray3d.reconstruction.training import LEVELS

if __name__ == "__main__":
    main(LEVELS)
