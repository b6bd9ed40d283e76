"""Time of one optimisation step: branched, label-guided, and the way of the paper's reference.

    python -m benchmarks.train_step --dataset fashion_mnist --json

The reference evaluates every branch's layers for every example, and the shared layers once per
branch (paper, section 9.2). Here that is our own network, called once per branch for the whole
batch. All ways run in turns in one process on random objects of the data set's shape, with the
paper's tree; the numbers are medians.
"""

import argparse
import itertools
import json
import statistics
import time

import torch

from bdiff.model import DiffusionModel, build_model
from bdiff.paper import paper_tree
from bdiff.process import VP

CASES = {
    "fashion_mnist": ("fashion_mnist", (1, 28, 28), {"name": "unet"}),
    "letters": ("letters", (16,), {"name": "dense"}),
}
BATCH = 128


def every_head(model: DiffusionModel, x_0, classes, t, noise):
    """The loss of a branched model, computed as the reference does."""
    x_t = model.process.diffuse(x_0, t, noise)
    heads = [
        model.predict_noise(x_t, t, classes, torch.full_like(classes, number))
        for number in range(len(model.tree.branches))
    ]
    own = model.branch_of(classes, t).tolist()
    predicted = torch.stack([heads[branch][i] for i, branch in enumerate(own)])
    return (predicted - noise).square().flatten(1).mean(dim=1)


def step_of(model: DiffusionModel, loss):
    """A function that makes one optimisation step and returns its seconds."""
    optimizer = torch.optim.Adam(model.parameters(), fused=True)

    def step() -> float:
        x_0, noise = torch.randn(2, BATCH, *model.shape)
        classes = torch.randint(len(model.classes), (BATCH,))
        t = torch.rand(BATCH, dtype=torch.float64)
        began = time.perf_counter()
        optimizer.zero_grad()
        loss(x_0, classes, t, noise).mean().backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return time.perf_counter() - began

    return step


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", choices=CASES, required=True)
    parser.add_argument("--rounds", type=int, default=7, help="steps of each way")
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = parser.parse_args(argv)
    torch.set_flush_denormal(True)
    tree_name, shape, net = CASES[args.dataset]
    tree = paper_tree(tree_name)
    branched = build_model("branched", VP(), shape, net, tree=tree)
    linear = build_model("linear", VP(), shape, net, classes=tree.classes)
    slow = build_model("branched", VP(), shape, net, tree=tree)
    steps = {
        "branched": step_of(branched, branched.loss),
        "linear": step_of(linear, linear.loss),
        "every_head": step_of(slow, lambda *batch: every_head(slow, *batch)),
    }
    seconds = {way: [] for way in steps}
    for _, way in itertools.product(range(args.rounds + 1), steps):
        seconds[way].append(steps[way]())
    # the first step of each is left out: it allocates
    medians = {f"{way}_ms": 1e3 * statistics.median(s[1:]) for way, s in seconds.items()}
    result = {
        "dataset": args.dataset,
        "branches": len(tree.branches),
        **medians,
        "ratio_every_head": medians["every_head_ms"] / medians["branched_ms"],
        "ratio_linear": medians["branched_ms"] / medians["linear_ms"],
    }
    print(json.dumps(result) if args.json else "\n".join(f"{k:18} {v}" for k, v in result.items()))


if __name__ == "__main__":
    main()
