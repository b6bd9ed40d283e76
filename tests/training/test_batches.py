"""Which examples a step sees: all of an epoch, few branches at a time."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bdiff.build import initialised
from bdiff.paper import paper_tree
from bdiff.process import VP
from bdiff.training.batches import PIECE, WINDOW, Batches, dealt_out

SIZE, OBJECTS = 128, 5000
NET = {"name": "residual", "width": 4, "blocks": 1, "rank": 1, "condition": 4}
LETTERS = paper_tree("letters")
LABELS = torch.arange(OBJECTS) % len(LETTERS.classes)
PER_EPOCH = -(-OBJECTS // SIZE)


def batches_of(kind: str, seed: int = 3) -> Batches:
    facts = {"tree": LETTERS} if kind == "branched" else {"classes": LETTERS.classes}
    spans = torch.tensor([[0.0, 1.0]], dtype=torch.float64).repeat(len(LETTERS.classes), 1)
    return Batches(initialised(kind, VP(), (2,), NET, **facts), LABELS, spans, SIZE, seed)


@pytest.mark.parametrize("kind", ["branched", "linear"])
def test_an_epoch_holds_every_object_once_and_the_next_has_another_order(kind):
    batches = batches_of(kind)
    epochs = [
        torch.cat([batches.of_step(step)[0] for step in range(first, first + PER_EPOCH)])
        for first in (0, PER_EPOCH)
    ]
    assert all(sorted(epoch.tolist()) == list(range(OBJECTS)) for epoch in epochs)
    assert not torch.equal(*epochs)
    sizes = [len(batches.of_step(step)[0]) for step in range(PER_EPOCH)]
    assert sizes == [SIZE] * (PER_EPOCH - 1) + [OBJECTS % SIZE]
    assert [batches.examples_until(step) for step in range(PER_EPOCH + 2)] == [
        0, *np.cumsum(sizes).tolist(), OBJECTS + SIZE,
    ]  # fmt: skip


def test_a_model_with_one_head_sees_one_time_in_each_stratum():
    batches = batches_of("linear")
    for step in range(2 * PER_EPOCH):
        t = batches.of_step(step)[1].numpy()
        assert np.array_equal(np.sort(np.ceil(t * len(t))), np.arange(1, len(t) + 1))


def test_dealing_out_changes_what_meets_but_not_what_is_seen():
    branched, linear = batches_of("branched"), batches_of("linear")
    window = range(WINDOW)
    pairs = [
        sorted(pair for step in window for pair in zip(*map(list, b.of_step(step)), strict=True))
        for b in (branched, linear)
    ]
    assert pairs[0] == pairs[1]
    met = [
        [len(branched.model.head_of(LABELS[x], t).unique()) for x, t in map(b.of_step, window)]
        for b in (branched, linear)
    ]
    assert np.mean(met[0]) < 22 < 32 < np.mean(met[1])


def test_a_resumed_run_sees_the_batches_of_one_that_was_not_interrupted():
    whole = batches_of("branched")
    for step in range(PER_EPOCH + 20):
        chosen, t = whole.of_step(step)
        if step % 7 == 0:
            again = batches_of("branched").of_step(step)
            assert torch.equal(again[0], chosen)
            assert torch.equal(again[1], t)
    other = batches_of("branched", seed=4).of_step(0)
    assert not torch.equal(other[0], whole.of_step(0)[0])


@given(
    counts=st.lists(st.integers(1, 300), min_size=1, max_size=60),
    batches=st.integers(1, 20),
    seed=st.integers(0, 9),
)
def test_branches_are_cut_into_few_pieces(counts, batches, seed):
    random = np.random.default_rng(seed)
    heads = random.permutation(np.repeat(np.arange(len(counts)), counts))
    cuts = np.array_split(np.arange(len(heads)), batches)
    order = dealt_out(heads, [len(cut) for cut in cuts], random)
    assert np.array_equal(np.sort(order), np.arange(len(heads)))
    met = sum(len(set(heads[order[cut]].tolist())) for cut in cuts)
    least = math.ceil(PIECE * len(cuts[0]))
    pieces = sum(math.ceil(n / max(least, math.ceil(n / batches))) for n in counts)
    assert met <= pieces + batches - 1  # a batch may end in the middle of a piece
    if len(counts) == 1:
        assert np.array_equal(order, np.arange(len(heads)))
