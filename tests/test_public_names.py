"""The public names are frozen: who changes one changes this file, knowingly."""

from __future__ import annotations

import subprocess
import sys

import pytest

import inspector
import inspector.client
from inspector.cli.main import app
from inspector.grad.policies.table import POLICIES
from inspector.methods.attribution.projection import ATTRIBUTION_METHODS
from inspector.v1 import embedding_service_pb2, inspection_service_pb2, model_service_pb2


def test_the_package():
    names = (
        "Attribution Cancellation Class ClassScore Direction Element Model Occlusion Prediction Region Unit "
        "attribution_methods load"
    )
    assert sorted(inspector.__all__) == names.split()
    assert all(hasattr(inspector, name) for name in inspector.__all__)


def test_a_loaded_model():
    names = "activations attribute close device features layers model occlude occlude_steps predict prepare rectifiers"
    assert public(inspector.Model) == names.split()


def test_the_client():
    names = (
        "Attribution Class ClassScore Client CollectionInfo Direction Element Layer ModelInfo Neighbor Occlusion "
        "Pca Prediction Region RemoteCollection RemoteModel ResolvedTarget ServerBusyError ServerUnavailableError Unit"
    )
    assert sorted(inspector.client.__all__) == names.split()


def test_the_clients_verbs():
    names = "attribution_methods close collection collections delete load model models register unload upload"
    assert public(inspector.client.Client) == names.split()
    names = "activation_pictures activations attribute features info layers occlude occlude_steps predict rectifiers"
    assert public(inspector.client.RemoteModel) == names.split()
    names = "add delete info neighbors pca"
    assert public(inspector.client.RemoteCollection) == names.split()


def test_the_attribution_methods():
    assert sorted(ATTRIBUTION_METHODS.keys()) == [
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


def test_the_policies():
    assert sorted(POLICIES.keys()) == [
        "deconvnet",
        "gradient",
        "guided",
        "lrp_alpha2beta1",
        "lrp_epsilon",
        "lrp_epsilon_alpha2beta1_flat",
        "lrp_epsilon_plus_flat",
        "lrp_zplus",
    ]


def test_the_commands():
    verbs = sorted(command.name or command.callback.__name__ for command in app.registered_commands)
    names = "attribute features layers methods neighbors occlude pca predict rectifiers serve"
    assert verbs == names.split()


@pytest.mark.parametrize(
    ("module", "service", "names"),
    [
        (
            model_service_pb2,
            "ModelService",
            "DeleteModel GetModel ListLayers ListModels LoadModel RegisterModel UnloadModel UploadModel",
        ),
        (
            inspection_service_pb2,
            "InspectionService",
            "Activations Attribute AttributeStream Features ListMethods ListRectifiers Occlude Predict",
        ),
        (
            embedding_service_pb2,
            "EmbeddingService",
            "AddItems ComputePca DeleteCollection FindNeighbors GetCollection ListCollections",
        ),
    ],
)
def test_the_calls(module, service, names):
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
def test_without_the_engine_load_says_what_to_install(missing):
    program = WITHOUT.format(missing=missing)
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert found.returncode == 1
    last = found.stderr.strip().splitlines()[-1]
    assert last.startswith(f"ImportError: '{missing}' is not installed")
    assert "pip install 'inspector[cpu]'" in last


def test_a_module_of_ours_that_is_missing_is_a_bug():
    program = WITHOUT.replace('name.partition(".")[0] == "{missing}"', 'name == "inspector.model.layers"')
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (
        found.stderr.strip()
        .splitlines()[-1]
        .startswith("ModuleNotFoundError: No module named 'inspector.model")
    )


def public(kind: type) -> list[str]:
    return sorted(name for name in vars(kind) if not name.startswith("_"))
