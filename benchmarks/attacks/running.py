"""One probe from the start of its server to its end."""

from __future__ import annotations

import time

from benchmarks.attacks.bystander import Bystander
from benchmarks.attacks.probe import Finding, Probe, Scene
from benchmarks.attacks.server import ServerProcess, own_folder

_UNDISTURBED = 1.5
"""Seconds for which the bystander is alone, before."""
_AFTERWARDS = 1.0


def run(probe: Probe) -> Finding:
    """Return what comes of a probe; what breaks in the probe itself is a failure of it."""
    finding = Finding(probe.name, probe.kind, probe.does)
    with own_folder() as folder:
        try:
            server = ServerProcess(
                folder,
                settings=probe.settings,
                environment=probe.environment,
                descriptors=probe.descriptors,
            )
        except RuntimeError as error:
            finding.failures.append(str(error))
            return finding
        scene = Scene(server, finding)
        try:
            _attack(probe, scene)
        except Exception as error:  # noqa: BLE001 - one probe must not end all
            finding.failures.append(f"the probe broke: {type(error).__name__}: {error}")
        finally:
            scene.close()
            finding.peak = max(finding.peak, server.peak)
            if server.stop(patience=20) is None and not probe.ends:
                finding.failures.append("SIGTERM did not end the server in 20 s")
    if finding.peak > probe.memory:
        finding.failures.append(
            f"{finding.peak / 2**30:.1f} GiB of memory at most, expected {probe.memory / 2**30:g}"
        )
    return finding


def _attack(probe: Probe, scene: Scene) -> None:
    server, finding = scene.server, scene.finding
    scene.ready()
    scene.bystander = Bystander(server.address)
    scene.bystander.look()
    time.sleep(_UNDISTURBED + 0.5)  # half a second for its first calls, which connect
    scene.bystander.look()
    time.sleep(_UNDISTURBED)
    finding.before = scene.bystander.look()
    stats = server.stats()
    began = time.perf_counter()
    probe.run(scene)
    finding.seconds = time.perf_counter() - began
    time.sleep(_AFTERWARDS)
    if probe.ends:
        return
    finding.meanwhile = scene.bystander.look()
    finding.stats = (stats, server.stats())
    if server.killed_at is not None:
        finding.failures.append(f"killed here at {server.killed_at / 2**30:.1f} GiB of memory")
    elif not server.alive:
        finding.failures.append(f"the server ended: {server.process.returncode}")
    if finding.meanwhile.failed:
        finding.failures.append(
            f"a bystander's call failed, {finding.meanwhile.failed} in all: {finding.meanwhile.why}"
        )
    for name, slowest in (("call", finding.meanwhile.slowest), ("health", finding.meanwhile.health_slowest)):
        if slowest > probe.slow:
            finding.failures.append(f"a bystander's {name} took {slowest / 1e3:.1f} s")
