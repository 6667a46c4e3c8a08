"""Every RPC has a test that calls it: a new one without is found here."""

from __future__ import annotations

from collections.abc import Callable

from inspector.inference import inference_service_pb2
from inspector.v1 import collection_service_pb2, inspection_service_pb2, model_service_pb2
from tests.congruence.test_congruence import test_here_and_there_give_the_same as congruence
from tests.congruence.test_congruence import test_neighbors_and_components_are_the_same as embeddings
from tests.congruence.test_congruence import test_the_methods_are_the_same as methods
from tests.congruence.test_congruence import test_the_verbs_are_the_same as verbs
from tests.inference import test_triton as triton
from tests.service import test_collections as collections
from tests.service import test_inference_calls as inference
from tests.service import test_models as models
from tests.service import test_upload as upload

TESTS: dict[str, dict[str, Callable[..., None]]] = {
    "ModelService": {
        "UploadModel": upload.test_a_bad_upload_is_refused_and_leaves_nothing,
        "RegisterModel": models.test_a_model_that_was_put_into_the_folder_is_registered,
        "ListModels": models.test_the_models_come_in_pages,
        "GetModel": models.test_a_deleted_model_is_gone_for_good,
        "LoadModel": models.test_preprocessing_is_overridden_until_the_model_is_unloaded,
        "UnloadModel": models.test_a_model_is_loaded_unloaded_and_loaded_again,
        "DeleteModel": models.test_a_deleted_model_is_gone_for_good,
    },
    "InspectionService": dict.fromkeys(
        [
            "Describe",
            "Layers",
            "Rectifiers",
            "Predict",
            "Activations",
            "Attribute",
            "Occlude",
            "Features",
            "Run",
        ],
        congruence,
    )
    | {"ListMethods": methods, "ListVerbs": verbs},
    "CollectionService": {
        "AddItems": embeddings,
        "ListCollections": collections.test_a_collection_is_listed_until_it_is_deleted,
        "GetCollection": collections.test_a_collection_is_listed_until_it_is_deleted,
        "DeleteCollection": collections.test_a_collection_is_listed_until_it_is_deleted,
        "FindNeighbors": embeddings,
        "ComputePca": embeddings,
    },
    "GRPCInferenceService": {
        "ServerLive": inference.test_it_is_listed_and_serves,
        "ServerReady": inference.test_it_is_listed_and_serves,
        "ServerMetadata": triton.test_it_finds_the_server_and_the_model,
        "ModelReady": inference.test_models_are_loaded_and_unloaded_where_the_setting_says_so,
        "ModelMetadata": triton.test_it_finds_the_server_and_the_model,
        "ModelInfer": triton.test_its_answer_is_the_runtimes_to_the_last_bit,
        "RepositoryIndex": inference.test_models_are_loaded_and_unloaded_where_the_setting_says_so,
        "RepositoryModelLoad": inference.test_models_are_loaded_and_unloaded_where_the_setting_says_so,
        "RepositoryModelUnload": inference.test_models_are_loaded_and_unloaded_where_the_setting_says_so,
    },
}


def test_every_rpc_has_a_test() -> None:
    found = {
        service.name: {method.name for method in service.methods}
        for module in (
            model_service_pb2,
            inspection_service_pb2,
            collection_service_pb2,
            inference_service_pb2,
        )
        for service in module.DESCRIPTOR.services_by_name.values()
    }
    assert {service: set(tests) for service, tests in TESTS.items()} == found
