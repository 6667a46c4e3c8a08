"""Files that cannot be models here: checking one ends with 3, and an error that names what is wrong."""

from __future__ import annotations

import pytest

from tests.support.command import Command
from tests.support.zoo import find_zoo

_ZOO = find_zoo()
REJECTS = sorted(one.name for one in (_ZOO.root / "rejects").iterdir()) if _ZOO else []
SAYS = {
    "deeploy_vww_customop.onnx": "RequantShift",
    "lfs_pointer_squeezenet1.0-12-int8.onnx": "Git LFS pointer",
    "qonnx_tfc_2w2a.onnx": "onnx.brevitas",
    "superres_prepost_customops_op18.onnx": "com.microsoft.extensions",
}


@pytest.mark.skipif(not REJECTS, reason="there is no zoo")
@pytest.mark.parametrize("name", REJECTS)
def test_a_reject_ends_with_a_named_error(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _ZOO is not None
    found = Command(monkeypatch, capsys)("check", _ZOO.reject(name))
    assert found.code == 3
    assert SAYS.get(name, "") in found.out
    assert "(INVALID_MODEL)" in found.out
