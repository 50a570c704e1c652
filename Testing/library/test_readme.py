"""The README's code runs as it stands."""

import re
from pathlib import Path

from xray3d import save_volume
from xray3d.datasets.synthetic_spine import synthetic_lumbar_spine

README = Path(__file__).parents[2] / "README.md"


def test_the_code_blocks_run_one_after_the_other(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    save_volume(synthetic_lumbar_spine(spacing_mm=3.0).ct, tmp_path / "CT.nii.gz")
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) >= 4
    names: dict = {}
    for block in blocks:
        exec(block, names)
    assert names["drr"].shape == (512, 512)
    assert names["jacobian"].shape == (512, 512, 6)
    assert names["mask"].any()
    assert len(names["entry"]) > 1000
    assert names["poses"].grad.abs().max() > 0
    assert (tmp_path / "view.json").exists()
