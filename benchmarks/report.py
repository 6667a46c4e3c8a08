"""The measurements as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Row = Sequence[str]


def markdown(results: Mapping[str, Any]) -> str:
    """Return all tables, with what they were measured on."""
    models, where = results["models"], results["environment"]
    parts = [
        "# Benchmarks",
        f"{where['processor']}, {where['threads']} threads on each side; "
        + ", ".join(f"{name} {version}" for name, version in where["versions"].items())
        + f". Medians in milliseconds, contenders in turn (at best: the fastest runs); {where['date']}.",
        "## One image: forward, and forward + backward",
        _speed(models),
        "## Occlusion",
        _occlusion(models),
        "## Start: seconds until a session, and its first calls",
        _start(models),
        "## Memory: largest resident set, MiB",
        _memory(models),
    ]
    if "wire" in results:
        wire = results["wire"]
        parts += [
            "## gRPC's share of a call",
            f"{wire['model']}, a 224×224 float32 tensor, loopback: {wire['remote']:.2f} ms remote, "
            f"{wire['in process']:.2f} ms in process, median of the differences **{wire['share']:.2f} ms** "
            f"over {wire['calls']:.0f} pairs.",
        ]
    if "starts" in results:
        parts += ["## Start of a process: seconds, of CPU and on the clock", _starts(results["starts"])]
    return "\n\n".join(parts) + "\n"


def _speed(models: Iterable[Mapping[str, Any]]) -> str:
    header = (
        "model",
        "ORT forward",
        "ours saliency",
        "× ORT forward",
        "× at best",
        "ours deconvnet",
        "PyTorch forward",
        "Captum saliency",
        "Captum ÷ ours",
        "Captum deconvnet",
        "Captum ÷ ours",
    )
    rows = []
    for each in models:
        times, best = (
            {label: time[kind] for label, time in each["milliseconds"].items()} for kind in ("median", "min")
        )
        rows.append(
            (
                each["model"],
                _ms(times["ort forward"]),
                _ms(times["ours saliency"]),
                _ratio(times["ours saliency"], times["ort forward"]),
                _ratio(best["ours saliency"], best["ort forward"]),
                _ms(times["ours deconvnet"]),
                _ms(times.get("captum forward")),
                _ms(times.get("captum saliency")),
                _ratio(times.get("captum saliency"), times["ours saliency"]),
                _ms(times.get("captum deconvnet")),
                _ratio(times.get("captum deconvnet"), times["ours deconvnet"]),
            )
        )
    return _table(header, rows)


def _occlusion(models: Iterable[Mapping[str, Any]]) -> str:
    rows = []
    for each in models:
        if "occlusion_milliseconds" not in each:
            continue
        plain, ours = (each["occlusion_milliseconds"][label]["median"] for label in ("ort", "ours"))
        rows.append((each["model"], str(each["positions"]), _ms(plain), _ms(ours), _ratio(plain, ours)))
    return _table(("model", "positions", "plain ORT loop", "ours", "loop ÷ ours"), rows)


def _start(models: Iterable[Mapping[str, Any]]) -> str:
    header = (
        "model",
        "file, MiB",
        "ORT session",
        "+ forward",
        "ours load",
        "+ prediction",
        "+ saliency",
        "+ deconvnet",
        "+ guided",
        "first map ÷ ORT",
    )
    rows = []
    for each in models:
        ort, ours = each["start_seconds"]["ort"], each["start_seconds"]["ours"]
        first_map = ours["open"] + ours.get("forward", 0.0) + ours["saliency"]
        rows.append(
            (
                each["model"],
                f"{each['file_mib']:.1f}",
                f"{ort['open']:.2f}",
                f"{ort['forward']:.2f}",
                f"{ours['open']:.2f}",
                *(_number(ours.get(task), 2) for task in ("forward", "saliency", "deconvnet", "guided")),
                _ratio(first_map, ort["open"] + ort["forward"]),
            )
        )
    return _table(header, rows)


def _starts(starts: Mapping[str, Mapping[str, float]]) -> str:
    rows = [
        (name, *(f"{seconds[kind]:.2f}" for kind in ("cpu_min", "cpu", "clock")))
        for name, seconds in starts.items()
    ]
    return _table(("what", "CPU, least", "CPU, median", "clock, median"), rows)


def _memory(models: Iterable[Mapping[str, Any]]) -> str:
    header = (
        "model",
        "file",
        "ORT libraries",
        "ORT forward",
        "÷ file",
        "ours libraries",
        "ours prediction",
        "ours saliency",
        "ours all",
        "÷ file",
        "Captum libraries",
        "Captum all",
        "÷ file",
    )
    rows = []
    for each in models:
        file, memory = each["file_mib"], each["memory_mib"]
        ort, ours, captum = memory["ort"], memory["ours"], memory.get("captum", {})
        rows.append(
            (
                each["model"],
                f"{file:.1f}",
                f"{ort['libraries']:.0f}",
                f"{ort['forward']:.0f}",
                _beyond_libraries(ort, "forward", file),
                f"{ours['libraries']:.0f}",
                *(_number(ours.get(task), 0) for task in ("forward", "saliency", "all")),
                _beyond_libraries(ours, "all", file),
                _number(captum.get("libraries"), 0),
                _number(captum.get("all"), 0),
                _beyond_libraries(captum, "all", file),
            )
        )
    return _table(header, rows)


def _beyond_libraries(memory: Mapping[str, float], task: str, file: float) -> str:
    """Return how many bytes a process takes beyond its libraries for each byte of the model's file."""
    return f"{(memory[task] - memory['libraries']) / file:.1f}" if memory else "–"


def _table(header: Row, rows: Iterable[Row]) -> str:
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _ms(milliseconds: float | None) -> str:
    if milliseconds is None:
        return "–"
    return f"{milliseconds:.0f}" if milliseconds >= 100 else f"{milliseconds:.1f}"


def _ratio(numerator: float | None, denominator: float) -> str:
    return "–" if numerator is None else f"{numerator / denominator:.2f}"
