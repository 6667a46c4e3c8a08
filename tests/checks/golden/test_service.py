"""Recorded answers travel: a service's model is checked against them as one in this process is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inspector.client import Client
from inspector.errors import InvalidInputError
from tests.checks.golden.recordings import checked, recorded, toy, two_outputs
from tests.support.server import running_server


def test_a_model_of_a_service_is_checked_against_a_golden_file(tmp_path: Path) -> None:
    golden = recorded(two_outputs(), layers=["conv1"])
    off = replace(golden, outputs={**golden.outputs, "scores": golden.outputs["scores"] + np.float32(0.1)})
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "toy.onnx").write_bytes(toy().SerializeToString())
    with running_server(tmp_path) as server, Client(server.address) as client:
        client.load("toy")
        model = client.model("toy")
        there = model.check(off.images_for(model.info.input), select=["golden"], **off.options)
        here = checked(toy(), off)
        assert [(one.id, one.subject, one.message) for one in there.findings] == [
            (one.id, one.subject, one.message) for one in here.findings
        ]
        assert {one.id for one in there.findings} >= {"golden-shape", "golden-values"}
        fewer = replace(golden, outputs={"scores": golden.outputs["scores"][:2]})
        with pytest.raises(InvalidInputError, match="there are 4 images"):
            model.check(fewer.images_for(model.info.input), select=["golden"], **fewer.options)
