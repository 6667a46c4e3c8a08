"""Below the calls: frames, compression, connections that only stand there."""

from __future__ import annotations

import socket
import time
import zlib
from collections.abc import Callable

from benchmarks.attacks.models import BLACK, small
from benchmarks.attacks.probe import GIB, Scene, probe
from benchmarks.attacks.raw import RawConnection, framed
from benchmarks.attacks.wire import attempt
from inspector.v1.image_pb2 import Image
from inspector.v1.inspection_service_pb2 import PredictRequest

KIND = "connections and frames"
PREDICT = "/inspector.v1.InspectionService/Predict"
INVALID, RESOURCE, UNIMPLEMENTED, INTERNAL = "3", "8", "12", "13"


def _gzip(size: int) -> bytes:
    deflater = zlib.compressobj(9, zlib.DEFLATED, 31)
    part = bytes(1 << 20)
    whole = b"".join(deflater.compress(part) for _ in range(size >> 20))
    return whole + deflater.flush()


@probe(KIND, "a gzip of 2 GiB of zeros, and 240 of 60 MiB at once", memory=3 * GIB, slow=5_000)
def compressed_bombs(scene: Scene) -> None:
    """A message is measured as it becomes."""
    with RawConnection(scene.server.address) as connection:
        body = _gzip(2 << 30)
        stream = connection.call(PREDICT, body, flag=1, extra=[("grpc-encoding", "gzip")])
        status = connection.status(stream, patience=30)
        scene.finding.answer(f"status {status}")
        ended = bool(connection.ended)
        scene.require(
            that=ended or status in (RESOURCE, INTERNAL, UNIMPLEMENTED), words=f"2 GiB: status {status}"
        )
    body = _gzip(60 << 20)
    connections = [RawConnection(scene.server.address) for _ in range(8)]
    for connection in connections:
        for _ in range(30):
            connection.call(PREDICT, body, flag=1, extra=[("grpc-encoding", "gzip")])
    time.sleep(5)
    scene.newcomer("240 at once", predicts=False, timeout=10)
    for connection in connections:
        connection.close()


@probe(KIND, "malformed protobuf, UTF-8, compression, frames, paths and protocols")
def malformed(scene: Scene) -> None:
    """Each gets a clear answer, and none a name of a Python class."""
    scene.upload(small(), "good")
    for what, body in (
        ("malformed protobuf", b"\xff" * 20),
        ("invalid UTF-8", b"\x0a\x02\xff\xfe"),
        ("groups nested 100,000 deep", b"\x0b" * 100_000),
    ):
        answer = attempt(scene.stubs.raw("InspectionService/Predict"), body)
        scene.expect(what, answer, "INVALID_ARGUMENT")
        words = answer.message
        scene.require(that="Error" not in words and "Exception" not in words, words=f"{what}: {words[:200]}")
    over = PredictRequest(model="models/good", images=[Image(encoded=bytes(65 << 20))])
    scene.expect("65 MiB", attempt(scene.stubs.inspection.Predict, over), "RESOURCE_EXHAUSTED", within=5)
    gzip = [("grpc-encoding", "gzip")]
    cases: dict[str, tuple[Callable[[RawConnection], int], tuple[str, ...]]] = {
        "an unknown method": (
            lambda c: c.call("/inspector.v1.InspectionService/Nope", b""),
            (UNIMPLEMENTED,),
        ),
        "an unknown service": (lambda c: c.call("/x.Y/Z", b""), (UNIMPLEMENTED,)),
        "no message": (lambda c: c.start(PREDICT, ends=True), (INVALID, UNIMPLEMENTED, INTERNAL)),
        "no gzip": (
            lambda c: c.call(PREDICT, b"abc", flag=1, extra=gzip),
            (INVALID, INTERNAL, UNIMPLEMENTED),
        ),
        "a flag without encoding": (
            lambda c: c.call(PREDICT, b"abc", flag=1),
            (INVALID, INTERNAL, UNIMPLEMENTED),
        ),
        "an unknown encoding": (
            lambda c: c.call(PREDICT, b"abc", flag=1, extra=[("grpc-encoding", "zstd")]),
            (UNIMPLEMENTED, INTERNAL),
        ),
        "metadata of 20 kB": (
            lambda c: c.call(PREDICT, b"", extra=[("x-a", "v" * 20_000)]),
            (INVALID, RESOURCE),
        ),
        "a length of 4 GiB": (_long, (RESOURCE, INTERNAL)),
    }
    for what, (act, allowed) in cases.items():
        with RawConnection(scene.server.address) as connection:
            stream = act(connection)
            connection.flush()
            status = connection.status(stream, patience=5)
            scene.require(
                that=status in allowed, words=f"{what}: status {status}, expected {' or '.join(allowed)}"
            )
    host, _, port = scene.server.address.rpartition(":")
    for body in (
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        bytes.fromhex("1603010200010001fc0303") + b"a" * 500,
        bytes(4000),
    ):
        with socket.create_connection((host, int(port)), timeout=5) as plain:
            plain.sendall(body)


def _long(connection: RawConnection) -> int:
    stream = connection.start(PREDICT)
    connection.send(stream, b"\0\xff\xff\xff\xff" + b"a" * 100, ends=False)
    return stream


@probe(
    KIND,
    "600 silent connections, then 600 that say hello and ask nothing, with 1,024 descriptors",
    descriptors=1024,
)
def idle_connections(scene: Scene) -> None:
    """Descriptors are few."""
    host, _, port = scene.server.address.rpartition(":")
    silent = []
    for _ in range(600):
        try:
            silent.append(socket.create_connection((host, int(port)), timeout=2))
        except OSError:
            break
    time.sleep(2)
    scene.newcomer("600 silent connections", predicts=False, timeout=10)
    scene.expect("an upload meanwhile", scene.upload(small(), "meanwhile"), "OK", within=20)
    for one in silent:
        one.close()
    greeted = []
    for _ in range(600):
        try:
            greeted.append(RawConnection(scene.server.address, patience=2))
        except OSError:
            break
    time.sleep(1)
    scene.newcomer("600 connections that ask nothing", predicts=False, timeout=10)
    scene.tell(
        f"{len(silent)} silent, {len(greeted)} greeted: {scene.server.stats().descriptors} descriptors"
    )
    for connection in greeted:
        connection.close()


@probe(KIND, "calls begun and reset at once, for 10 s, on four connections", slow=3_000)
def rapid_reset(scene: Scene) -> None:
    """Every call costs more to begin here than to reset there."""
    scene.upload(small(), "good")
    body = framed(PredictRequest(model="models/good", images=[BLACK]).SerializeToString())
    connections = [RawConnection(scene.server.address) for _ in range(4)]
    begun = 0
    until = time.monotonic() + 10
    while time.monotonic() < until:
        for index, connection in enumerate(connections):
            try:
                begun += _begin_and_reset(connection, body)
            except (OSError, RuntimeError):
                connection.close()
                connections[index] = RawConnection(scene.server.address)
    scene.finding.answer(f"{begun:,} begun and reset")
    for connection in connections:
        connection.close()
    time.sleep(2)
    request = PredictRequest(model="models/good", images=[BLACK])
    scene.expect("a call afterwards", attempt(scene.stubs.inspection.Predict, request), "OK", within=3)


def _begin_and_reset(connection: RawConnection, body: bytes) -> int:
    for _ in range(50):
        stream = connection.start(PREDICT)
        connection.http.send_data(stream, body, end_stream=True)
        connection.http.reset_stream(stream)
    connection.flush()
    connection.pump(0.001)
    if connection.ended:
        raise RuntimeError(connection.ended)
    return 50


@probe(KIND, "3,000 calls on twelve connections whose headers come, and whose message never does", slow=7_000)
def headers_only(scene: Scene) -> None:
    """A call that has not begun takes a place all the same."""
    _crowd(scene, "3,000 begun", lambda connection: connection.start(PREDICT))


@probe(KIND, "3,000 idle streams of health watchers on twelve connections")
def idle_watchers(scene: Scene) -> None:
    """Whoever watches takes a place for as long as it likes."""

    def watch(connection: RawConnection) -> None:
        stream = connection.start("/grpc.health.v1.Health/Watch")
        connection.http.send_data(stream, framed(b""), end_stream=True)

    _crowd(scene, "3,000 watchers", watch)


def _crowd(scene: Scene, when: str, begin: Callable[[RawConnection], object]) -> None:
    """Begin 250 streams on each of twelve connections, and let a new caller come while they stand there."""
    connections = []
    for _ in range(12):
        connection = RawConnection(scene.server.address)
        for _ in range(250):
            begin(connection)
        connection.flush()
        connection.pump(0.2)
        connections.append(connection)
    scene.newcomer(when, timeout=10)
    for connection in connections:
        connection.close()
