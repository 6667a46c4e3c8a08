"""What a server can be told when it starts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from inspector.service.environment import read_environment, require_valid

# Bounds beyond which the libraries below fail of their own types, long after the start.
Count = Annotated[int, Field(gt=0, lt=2**31)]
CountOrNone = Annotated[int, Field(ge=0, lt=2**31)]
Bytes = Annotated[int, Field(gt=0, lt=2**63)]
BytesOrNone = Annotated[int, Field(ge=0, lt=2**63)]
Seconds = Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]
SecondsOrNone = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Rate = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Ratio = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Threads = Annotated[int, Field(gt=0, le=1024)]
Depth = Annotated[int, Field(gt=0, le=64)]

KIB = 2**10
MIB = 2**20
GIB = 2**30

_OF_MODELS = (
    "max_bytes",
    "max_dim",
    "max_image_bytes",
    "max_image_pixels",
    "max_input_bytes",
    "max_labels",
    "max_metadata_bytes",
    "max_name_bytes",
    "max_nodes",
    "max_outputs",
    "max_places",
    "max_run_bytes",
    "max_subgraph_depth",
    "max_tensor_bytes",
)
"""Settings that are fields of inspector.Limits by the same names."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one server; each can be given as the environment variable INSPECTOR_<NAME>."""

    address: str = "127.0.0.1:50051"
    """host:port; port 0 takes a free one. Beyond the loopback it takes TLS and callers that are known."""
    repository: Path = Path("models")
    """The folder of the models; created when absent. One server per folder."""
    repository_poll_seconds: SecondsOrNone = 0.0
    """How often it is looked at for models that came, went or changed; 0 for never. With load "*" those are loaded."""
    load: str = ""
    """Ids of the models that must be loaded before it serves, separated by commas; "*" for all that can be."""
    device: str = "auto"
    """"auto", "cpu", "cuda" or "cuda:N"."""
    workers: Threads = 4
    """Threads of one worker process that run models, for all its models together."""
    isolate: Literal["uploads", "all", "none"] = "uploads"
    """Which models have a worker process of their own: the uploads, all, or none; a GPU has one for all."""
    replicas: Threads = 1
    """Worker processes that serve the same models alike."""
    max_own_workers: Count = 16
    """Worker processes of single models; further models share those. Each takes 70 MB and its models."""
    worker_memory_bytes: BytesOrNone = 0
    """The most memory of one worker process; 0: four fifths of the machine's, or of the container's."""
    kill_seconds: Seconds = 0.8
    """How long a worker may go on with a call after its cancel or deadline, before it is killed."""
    max_crashes: Count = 3
    """How often in a row a worker may end while it runs a model, before that model is FAILED."""
    spare_worker: bool = True
    """Whether a worker process is kept ready ahead, for the next upload or the next end of one."""
    running_per_model: Count = 2
    """Calls of one model that run at once."""
    joining: Literal["short", "all", "none"] = "short"
    """Whose calls share runs when several wait for the same: models with short runs on the CPU, all models, or none."""
    joined_images: Count = 16
    """Images in one run that calls share."""
    joining_seconds: SecondsOrNone = 0.0
    """How long a call that finds nobody before it waits for company; what answers are late by on an idle server."""
    waiting_per_model: CountOrNone = 32
    """Calls of one model that wait for their turn; more are refused and told to come again."""
    waiting_changes: CountOrNone = 32
    """Loads, unloads and deletions that wait for others of the same model; more are told to come again."""
    load_seconds: Seconds = 600.0
    """The longest that loading a model may take, once it has been looked at."""
    max_call_seconds: Seconds = 600.0
    """The longest that a call may take, whatever deadline it came with."""
    max_message_bytes: Count = 64 * MIB
    """One request or response."""
    compressed_requests: bool = False
    """Whether requests may be compressed (gzip): of 60 kB come 64 MiB, which takes a tenth of a second from all."""
    max_concurrent_rpcs: Count = 2048
    """Calls and open streams of all callers together, but for health probes."""
    max_health_rpcs: Count = 256
    """Health probes and those who watch, at once: they have room however many calls there are."""
    max_connections: Count = 1024
    """Connections at once; more are closed as they come. Each takes a descriptor."""
    max_streams_per_connection: Count = 256
    """Calls and open streams of one connection."""
    waiting_bytes: Bytes = 512 * MIB
    """Requests of all callers that wait or run; more are refused and told to come again."""
    max_arriving: Count = 16
    """Requests that arrive at the same time; the others' bytes are not taken from the network yet."""
    arriving_per_connection: Count = 8
    """Those of one connection."""
    request_seconds: Seconds = 120.0
    """The longest that a request may take to arrive, once its call has begun; 10 s while others of its caller wait."""
    unread_bytes: Bytes = 512 * MIB
    """Answers of all callers that are not read yet; more are refused and told to come again."""
    unread_seconds: Seconds = 30.0
    """How long an answer may stay unread, beside its bytes at the least rate; then its connection is closed."""
    least_bytes_per_second: Bytes = 128 * KIB
    """The rate below which uploads and the reading of answers are given up."""
    handshake_seconds: Seconds = 20.0
    """How long a new connection may take to say what it is."""
    keepalive_seconds: Seconds = 60.0
    """How long a connection may be silent before it is pinged."""
    keepalive_answer_seconds: Seconds = 20.0
    """How long the answer to a ping may take before the connection is given up."""
    least_ping_seconds: Seconds = 10.0
    """How often callers may ping; who does so more often loses the connection."""
    connection_idle_seconds: Seconds = 600.0
    """How long a connection may have no call before it is closed; clients connect again by themselves."""
    connection_age_seconds: Seconds = 7200.0
    """How old a connection may become before its caller is asked to connect anew."""
    max_images: Count = 256
    """Images, items or queries in one request."""
    max_image_pixels: Count = 64_000_000
    """Width times height of one encoded image."""
    max_image_bytes: Bytes = 64 * MIB
    """One encoded image; `INSPECTOR_MAX_MESSAGE_BYTES` bounds it too."""
    max_input_bytes: Bytes = 2 * GIB
    """The images of one request together, as the model takes them."""
    max_run_bytes: Bytes = 4 * GIB
    """What one run holds at a time of an image whose size the model leaves free, as estimated before it begins."""
    max_nodes: Count = 100_000
    """Nodes of one model's graph, its subgraphs and functions."""
    max_outputs: Count = 1_000
    """Outputs of one model."""
    max_bytes: Bytes = 8 * GIB
    """The file of one model and its external data together."""
    max_tensor_bytes: Bytes = 8 * GIB
    """One tensor as a model declares it, or as inferred, for one image."""
    max_dim: Bytes = 2**31 - 1
    """One dimension of a tensor."""
    max_name_bytes: Count = 4 * KIB
    """The name of a tensor, node, operator, domain or input of a model."""
    max_subgraph_depth: Depth = 16
    """Graphs within If, Loop and Scan."""
    max_metadata_bytes: Bytes = 16 * MIB
    """Keys and values of a model's metadata_props, and one file beside it."""
    max_labels: Count = 100_000
    """Names of classes of one model."""
    max_places: Count = 2**24
    """Places along the axes of maps that are followed from the image on, to know what each of them sees."""
    max_models: Count = 100
    """Models in the repository."""
    max_upload_bytes: Bytes = 2 * GIB - 1
    """One uploaded file; a protobuf ends at 2 GiB."""
    max_uploads: Count = 4
    """Uploads at once."""
    upload_stall_seconds: Seconds = 30.0
    """The longest pause between two messages of an upload."""
    upload_seconds: Seconds = 7200.0
    """The longest that an upload may take, however steadily it comes."""
    sandbox_seconds: Seconds = 120.0
    """The longest that parsing and first running a new model may take."""
    sandbox_memory_bytes: Bytes = 16 * GIB
    """Memory of the process that does so."""
    collections_store: str = "memory"
    """What keeps collections; docs/catalog.md lists the stores."""
    collections_bytes: Bytes = GIB
    """Memory for all collections together."""
    tls_certificate: Path | None = None
    """PEM file of the server's certificate, with those up to the root behind it; read again when it changes."""
    tls_private_key: Path | None = None
    """PEM file of the certificate's key."""
    tls_client_ca: Path | None = None
    """PEM file of the authorities whose certificates clients must show (mTLS)."""
    tokens_file: Path | None = None
    """File of those who may call, with their roles; read again when it changes. `inspector token new` writes it."""
    insecure: bool = False
    """Whether it may leave the loopback without TLS, or without knowing its callers."""
    uploads: bool = True
    """Whether callers may upload models; without it they come by the repository alone."""
    caller_calls: Count = 512
    """Calls and open streams of one caller at once."""
    caller_calls_per_second: Rate = 0.0
    """Calls of one caller per second in the long run; 0 for as many as there come."""
    caller_burst: Count = 100
    """Calls that a caller may make at once after a pause, where the calls per second are limited."""
    caller_bytes: Bytes = 512 * MIB
    """Bytes of the requests of one caller that run or wait."""
    caller_models: Count = 50
    """Models that one caller has uploaded and not deleted, where callers are known; admins have no such limit."""
    caller_collections: Count = 100
    """Collections that one caller has, where callers are known."""
    inference_changes: bool = False
    """Whether callers may load and unload models by the Open Inference Protocol."""
    drain_seconds: SecondsOrNone = 20.0
    """How long running calls may go on after SIGTERM."""
    log_format: Literal["text", "json"] = "text"
    """Lines of the log for people, or one JSON object each."""
    metrics_address: str = ""
    """host:port of Prometheus metrics, and of /livez and /readyz, over HTTP without login; empty for none."""
    traces_endpoint: str = ""
    """Where OpenTelemetry traces go (OTLP over gRPC), such as http://localhost:4317; empty for nowhere."""
    traces_ratio: Ratio = 1.0
    """The share of calls that are traced, of those whose caller did not decide it."""

    def __post_init__(self) -> None:
        require_valid(self)

    @property
    def limits(self) -> Mapping[str, int]:
        """What models are read and run under, as fields of inspector.Limits of the same names."""
        return {name: getattr(self, name) for name in _OF_MODELS}

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ, **given: Any) -> Self:
        """Return the defaults, changed by the variables INSPECTOR_<NAME>, and those by what is given.

        InvalidInputError names the variable that is off, or that no setting has the name of.
        """
        return read_environment(cls, environment, given)
