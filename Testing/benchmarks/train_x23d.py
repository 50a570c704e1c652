"""Trains the reconstruction network that ships; run by hand, see `train_x23d_support`:

python Testing/benchmarks/train_x23d.py XRayCore/xray3d/models/shipped/x23d [STEPS [START]]
"""

from train_x23d_support import main, patients, usual_spines, varied_spines
from xray3d.reconstruction.training import RECONSTRUCTION

if __name__ == "__main__":
    main(RECONSTRUCTION, usual_spines(), varied_spines(), patients("abdomen_pelvis_acrin001", "trunk_acrin013"))
