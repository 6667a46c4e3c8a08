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
        "## Start and memory",
        _start(models),
    ]
    if "wire" in results:
        wire = results["wire"]
        parts += [
            "## gRPC's share of a call",
            f"{wire['model']}, a 224×224 float32 tensor, loopback: {wire['remote']:.2f} ms remote, "
            f"{wire['in process']:.2f} ms in process, median of the differences **{wire['share']:.2f} ms** "
            f"over {wire['calls']:.0f} pairs.",
        ]
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
        plain, ours = (each["occlusion_milliseconds"][label]["median"] for label in ("plain loop", "ours"))
        rows.append((each["model"], str(each["positions"]), _ms(plain), _ms(ours), _ratio(plain, ours)))
    return _table(("model", "positions", "plain ORT loop", "ours", "loop ÷ ours"), rows)


def _start(models: Iterable[Mapping[str, Any]]) -> str:
    header = (
        "model",
        "file, MiB",
        "ORT session, s",
        "ours: load, s",
        "ours: first map, s",
        "peak MiB: ORT",
        "ours",
        "Captum",
    )
    rows = []
    for each in models:
        start, peak = each["start_seconds"], each["peak_mib"]
        rows.append(
            (
                each["model"],
                f"{each['file_mib']:.0f}",
                f"{start['ort session']:.2f}",
                f"{start['ours load']:.2f}",
                f"{start['ours first map']:.2f}",
                *(f"{peak[side]:.0f}" if side in peak else "–" for side in ("plain", "ours", "peer")),
            )
        )
    return _table(header, rows)


def _table(header: Row, rows: Iterable[Row]) -> str:
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _ms(milliseconds: float | None) -> str:
    if milliseconds is None:
        return "–"
    return f"{milliseconds:.0f}" if milliseconds >= 100 else f"{milliseconds:.1f}"


def _ratio(numerator: float | None, denominator: float) -> str:
    return "–" if numerator is None else f"{numerator / denominator:.2f}"
