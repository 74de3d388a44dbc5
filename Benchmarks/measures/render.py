"""Rendering against swift-mustache: one program of the package in this folder measures both, in turns."""

import json
import os
import subprocess
from pathlib import Path

from . import people
from .stage import Unavailable

PACKAGE = Path(__file__).resolve().parent.parent


def program():
    """The release build of the package, made now."""
    scratch = os.environ.get("POSTRIDER_BENCH_BUILD") or str(PACKAGE.parent / ".build-bench")
    words = ["swift", "build", "-c", "release", "--package-path", str(PACKAGE), "--scratch-path", scratch]
    result = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode:
        raise Unavailable(f"the rendering benchmark does not build:\n{result.stdout[-2_000:]}")
    words.append("--show-bin-path")
    return Path(subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()) / "RenderBench"


def measure(plan, report):
    if not plan.render:
        report.progress("render: left out, since it needs an optimised build of its own")
        return
    variant = people.variants()[0]
    question = {"text": variant["text"], "html": variant["html"], "rounds": plan.runs, "messages": plan.rendered}
    answer = subprocess.run([program()], input=json.dumps(question), check=True, stdout=subprocess.PIPE, text=True)
    result = json.loads(answer.stdout)
    report.ratio(
        "render one message, 2 × 25 slots", result["postrider"], "swift-mustache", result["mustache"], goal=15.0, unit="µs"
    )
    report.value("render and compose one message", result["compose"], "µs")
    report.times(
        "the same, with a return path of its own", result["composeWithReturnPath"], "without", result["compose"], unit="µs"
    )
