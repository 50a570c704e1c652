"""Trains the network without calibration that the benchmark compares with; run by hand, see `train_x23d_support`:

python Testing/benchmarks/train_x23d_uncalibrated.py XRayCore/xray3d/benchmarks/x23d/uncalibrated_model [STEPS [START]]
"""

from train_x23d_support import main, usual_spines
from xray3d.benchmarks.x23d.uncalibrated import UNCALIBRATED

if __name__ == "__main__":
    main(UNCALIBRATED, usual_spines())
