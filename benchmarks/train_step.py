"""Time and memory of one optimisation step: branched, label-guided, and every head for everything.

    python -m benchmarks.train_step --dataset fashion_mnist --json

The paper's code evaluates every branch's layers for every example, and the shared layers once per
branch; `benchmarks.reference` does so, under torch's Adam. It is measured beside the paper's
networks, as other heads were never run so. All ways run in turns in one process on random objects
of the data set's shape, with the paper's tree; times are medians, in ms. The peaks are the resident
memory of a step above what its process had before, in MB, each in a process of its own (on a GPU,
what torch allocated). Batches are those of training, see `bdiff.training.batches`.

`growth` is the time of a branched step with the same network on trees of 10, 25, 50 and 100
classes, by number of branches: classes are halved until they are alone, at times between 0.3 and
0.6, about where the paper's trees branch.
"""

import argparse
import itertools
import json
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from bdiff.build import initialised
from bdiff.device import choose_device, prepare_to_train
from bdiff.model import DiffusionModel
from bdiff.nets.routed_layers import sparse_gradients
from bdiff.paper import paper_tree
from bdiff.process import VP
from bdiff.script import run
from bdiff.training.batches import Batches
from bdiff.training.optimizer import BranchAdam
from bdiff.tree import BranchPoint, BranchTree
from benchmarks.arguments import whole
from benchmarks.reference import Reference

SHAPES = {"fashion_mnist": (1, 28, 28), "letters": (16,)}
NETS = {
    "fashion_mnist": {"paper": "unet", "residual": "residual_unet"},
    "letters": {"paper": "dense", "residual": "residual"},
}
LABELS = {
    "every_head": "every head for every example",
    "branched": "branched",
    "linear": "label-guided, same width",
}
CLASSES = (10, 25, 50, 100)
BATCH = 128


def model_of(
    way: str, dataset: str, net: str, tree: BranchTree | None = None
) -> "DiffusionModel | Reference":
    """A model for the data set's shape, on its device.

    Args:
        way: "branched", "linear" or, for the paper's networks, "every_head".
        dataset, net: keys of `NETS`.
        tree: by default the paper's.
    """
    tree = tree or paper_tree(dataset)
    if way == "every_head":
        return Reference(dataset, tree).to(choose_device("auto"))
    kind = "linear" if way == "linear" else "branched"
    facts = {"classes": tree.classes} if way == "linear" else {"tree": tree}
    model = initialised(kind, VP(), SHAPES[dataset], {"name": NETS[dataset][net]}, **facts)
    model.to(choose_device("auto"))
    return model


def synthetic_tree(count: int) -> BranchTree:
    """A tree of that many classes, halved again and again."""
    names = [str(number) for number in range(count)]
    depth = math.ceil(math.log2(count))

    def points(classes: list[str], level: int) -> list[BranchPoint]:
        if len(classes) < 2:
            return []
        half = len(classes) // 2
        here = BranchPoint(frozenset(classes), 0.6 - 0.3 * level / depth)
        return [here, *points(classes[:half], level + 1), *points(classes[half:], level + 1)]

    return BranchTree(names, points(names, 0))


def step_of(model: DiffusionModel | Reference) -> Callable[[], float]:
    """A function that makes one optimisation step and returns its seconds."""
    device = next(model.parameters()).device
    labels = torch.randint(len(model.classes), (100 * BATCH,), device=device)
    number = itertools.count()
    if isinstance(model, Reference):
        adam = torch.optim.Adam(model.parameters(), 1e-3)

        def draw() -> tuple[Tensor, Tensor]:
            classes = labels[torch.randint(len(labels), (BATCH,), device=device)]
            return classes, torch.rand(BATCH, dtype=torch.float64, device=device)

        def move(classes: Tensor, t: Tensor) -> None:
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            adam.step()
    else:
        adam = BranchAdam(model, ema=0.9995)
        sparse_gradients(model, device.type == "cpu")
        spans = torch.tensor([[0.0, 1.0]] * len(model.classes), dtype=torch.float64, device=device)
        batches = Batches(model, labels, spans, BATCH, seed=0)

        def draw() -> tuple[Tensor, Tensor]:
            chosen, t = batches.of_step(next(number))
            return labels[chosen], t

        def move(classes: Tensor, t: Tensor) -> None:
            adam.step(1e-3, 1.0, model.head_of(classes, t).unique().tolist())

    def step() -> float:
        x_0, noise = torch.randn(2, BATCH, *model.shape, device=device)
        began = time.perf_counter()
        classes, t = draw()
        adam.zero_grad()
        model.loss(x_0, classes, t, noise).mean().backward()
        move(classes, t)
        if device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - began

    return step


def medians(steps: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Median milliseconds of each function; they are called in turns, and the first call of each is
    left out: it allocates."""
    seconds = {name: [] for name in steps}
    for _, name in itertools.product(range(rounds + 1), steps):
        seconds[name].append(steps[name]())
    return {name: 1e3 * statistics.median(values[1:]) for name, values in seconds.items()}


def peak(way: str, dataset: str, net: str) -> float:
    """MB that one step takes at most, above what this process holds before."""
    step = step_of(model_of(way, dataset, net))
    if torch.cuda.is_available():
        before = torch.cuda.memory_allocated()
        step()
        return (torch.cuda.max_memory_allocated() - before) / 1e6
    before = _resident("VmRSS")
    step()
    return _resident("VmHWM") - before


def _resident(key: str) -> float:
    """Resident memory of this process in MB: VmRSS now, VmHWM at most; Linux only."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024 / 1e6
    raise OSError(f"/proc/self/status has no {key}")


def peak_of_child(way: str, dataset: str, net: str) -> float:
    """`peak` in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.train_step", "--dataset", dataset, "--net", net]
    child = subprocess.run([*command, "--peak", way], check=True, stdout=subprocess.PIPE, text=True)
    return float(child.stdout)


def measure(dataset: str, net: str, rounds: int) -> dict:
    """All numbers of a data set and a network."""
    ways = ["branched", "linear"] + ["every_head"] * (net == "paper")
    result = {"dataset": dataset, "net": NETS[dataset][net], "threads": torch.get_num_threads()}
    result["branches"] = len(paper_tree(dataset).branches)
    times = medians({way: step_of(model_of(way, dataset, net)) for way in ways}, rounds)
    result |= {f"{way}_ms": times[way] for way in ways}
    result["ratio_linear"] = times["branched"] / times["linear"]
    peaks = {way: peak_of_child(way, dataset, net) for way in ways}
    result |= {f"peak_mb_{way}": peaks[way] for way in ways}
    if "every_head" in ways:
        result["ratio_every_head"] = times["every_head"] / times["branched"]
        result["ratio_peak"] = peaks["every_head"] / peaks["branched"]
    trees = [synthetic_tree(count) for count in CLASSES]
    steps = {str(len(t.branches)): step_of(model_of("branched", dataset, net, t)) for t in trees}
    result["growth"] = medians(steps, rounds)
    result["growth_199_over_19"] = result["growth"]["199"] / result["growth"]["19"]
    return result


def text_of(result: dict) -> str:
    """The numbers for people."""
    lines = [
        f"One optimisation step, {result['dataset']}, {result['net']}, {result['branches']} "
        f"branches, batch {BATCH}, {result['threads']} threads"
    ]
    for way, label in LABELS.items():
        if f"{way}_ms" in result:
            peak_mb = f"{result[f'peak_mb_{way}']:,.0f}"
            lines.append(f"  {label:30}{result[f'{way}_ms']:9.1f} ms, peak {peak_mb} MB")
    lines.append(f"  branched takes {result['ratio_linear']:.2f} times as long as label-guided")
    if "every_head_ms" in result:
        lines.append(
            f"  and is {result['ratio_every_head']:.1f} times as fast as every head, with "
            f"1/{result['ratio_peak']:.1f} of its memory"
        )
    growth = ", ".join(f"{branches}: {ms:.1f} ms" for branches, ms in result["growth"].items())
    ratio = f"{result['growth_199_over_19']:.2f}"
    lines.append(f"  by number of branches {growth}: 199 take {ratio} times as long as 19")
    return "\n".join(lines)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", choices=NETS, required=True)
    parser.add_argument("--net", choices=("paper", "residual"), default="paper")
    parser.add_argument("--rounds", type=whole(1), default=7, help="steps of each way")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--peak", choices=LABELS, help="print the peak of one way alone, in MB")
    args = parser.parse_args(argv)
    if args.peak == "every_head" and args.net != "paper":
        parser.error("--peak every_head is of the paper's networks; use it with --net paper")
    prepare_to_train()
    if args.peak:
        print(peak(args.peak, args.dataset, args.net))
        return
    result = measure(args.dataset, args.net, args.rounds)
    print(json.dumps(result) if args.json else text_of(result))


if __name__ == "__main__":
    run(main)
