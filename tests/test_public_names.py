"""The public names are frozen: who changes one changes this file, knowingly."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest

import inspector
import inspector.client
import inspector.client.aio
from inspector.cli.commands import command_names
from inspector.grad.policies.table import POLICIES
from inspector.methods.catalog import method_names
from inspector.types.requests.base import REQUESTS
from inspector.types.results.base import KINDS
from inspector.v1 import collection_service_pb2, inspection_service_pb2, model_service_pb2


def test_the_package() -> None:
    names = (
        "Cancellation Class ClassScore Combination Direction Element Golden Maps Model Prediction Predictions Region "
        "Sweep Unit attribution_methods check collection load read_golden record verbs"
    )
    assert sorted(inspector.__all__) == names.split()
    assert all(hasattr(inspector, name) for name in inspector.__all__)


def test_a_model() -> None:
    names = "ask close info layer layers rectifiers steps"
    assert public(inspector.Model) == names.split()
    assert inspector.client.Model is inspector.Model


def test_a_models_verbs() -> None:
    names = (
        "ablate accentuate activations architecture attribute check correspondence describe dream evolution features "
        "figure filters fool health invariance invert judge layers occlude occlude_regions occlusion patch predict "
        "probe rectifiers synthesize top unit"
    )
    assert sorted(REQUESTS) == names.split()
    nothing: Any = None
    assert set(REQUESTS) <= set(dir(inspector.Model(nothing, name="toy")))


def test_the_kinds_of_result() -> None:
    names = (
        "activations examples figure filters images layers maps model_info predictions rectifiers report series sweep "
        "table vectors"
    )
    assert sorted(KINDS) == names.split()


def test_the_client() -> None:
    names = (
        "BusyError Cancellation Class Client Collection Combination Direction Element Endpoint Model Region "
        "ServedModel ServerUnavailableError Tls Unit"
    )
    assert sorted(inspector.client.__all__) == names.split()


def test_the_clients_verbs() -> None:
    names = (
        "attribution_methods close collection collections delete load model models register served unload "
        "upload verbs"
    )
    assert public(inspector.client.Client) == names.split()


def test_the_client_for_event_loops() -> None:
    assert inspector.client.aio.__all__ == ["AsyncClient", "AsyncCollection", "AsyncModel"]
    assert public(inspector.client.aio.AsyncClient) == public(inspector.client.Client)


def test_a_collections_verbs() -> None:
    names = "add delete info neighbors pca"
    assert public(inspector.client.Collection) == names.split()


def test_the_attribution_methods() -> None:
    assert list(method_names()) == [
        "deconvnet",
        "gradcam",
        "gradient_x_input",
        "guided",
        "guided_gradcam",
        "integrated_gradients",
        "lrp",
        "rise",
        "saliency",
        "smoothgrad",
    ]


def test_the_policies() -> None:
    assert sorted(POLICIES.keys()) == [
        "deconvnet",
        "gradient",
        "guided",
        "lrp_alpha2beta1",
        "lrp_epsilon",
        "lrp_epsilon_alpha2beta1_flat",
        "lrp_epsilon_plus_flat",
        "lrp_zplus",
        "open",
    ]


def test_the_commands() -> None:
    verbs = sorted(command_names())
    names = (
        "ablate about accentuate activations architecture attribute card check correspondence delete describe dream "
        "evolution features figure filters fool health info invariance invert judge layers load methods models "
        "neighbors occlude occlude_regions occlusion patch pca predict probe record rectifiers report serve synthesize "
        "token top unit unload upload"
    )
    assert verbs == names.split()


@pytest.mark.parametrize(
    ("module", "service", "names"),
    [
        (
            model_service_pb2,
            "ModelService",
            "DeleteModel GetModel ListModels LoadModel RegisterModel UnloadModel UploadModel",
        ),
        (
            inspection_service_pb2,
            "InspectionService",
            "Activations Attribute Describe Features Layers ListMethods ListVerbs Occlude Predict Rectifiers Run",
        ),
        (
            collection_service_pb2,
            "CollectionService",
            "AddItems ComputePca DeleteCollection FindNeighbors GetCollection ListCollections",
        ),
    ],
)
def test_the_calls(module: ModuleType, service: str, names: str) -> None:
    found = module.DESCRIPTOR.services_by_name[service]
    assert found.full_name == f"inspector.v1.{service}"
    assert sorted(method.name for method in found.methods) == names.split()


WITHOUT = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "{missing}":
            raise ModuleNotFoundError("No module named " + repr(name), name=name)

sys.meta_path.insert(0, Refuse())
import inspector
inspector.load
"""


@pytest.mark.parametrize("missing", ["onnx", "onnxruntime"])
def test_without_the_engine_load_says_what_to_install(missing: str) -> None:
    program = WITHOUT.format(missing=missing)
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert found.returncode == 1
    last = found.stderr.strip().splitlines()[-1]
    assert last.startswith(f"ImportError: '{missing}' is not installed")
    assert "pip install 'onnx-inspector[cpu]'" in last


def test_a_module_of_ours_that_is_missing_is_a_bug() -> None:
    program = WITHOUT.replace('name.partition(".")[0] == "{missing}"', 'name == "inspector.model.layers"')
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (
        found.stderr.strip()
        .splitlines()[-1]
        .startswith("ModuleNotFoundError: No module named 'inspector.model")
    )


def public(kind: type) -> list[str]:
    return sorted(name for name in vars(kind) if not name.startswith("_"))
