"""Keep small files of this version, which every later one has to read: once for each release,

    python -m tests.faults.make_golden

Two models, briefly trained, a tree, and samples of each model go to tests/faults/golden/<version>/.
"""

import json
from importlib.metadata import version
from pathlib import Path

from bdiff.model import DiffusionModel
from bdiff.model_files import save_model
from bdiff.sampling.sampler import Sampler, sample
from bdiff.training.train import train
from bdiff.tree_files import save_tree
from tests.faults.runs import KINDS, TREE

GOLDEN = Path(__file__).parent / "golden"
SAMPLER = Sampler.of({"name": "ddim", "steps": 8}, seed=3)


def samples(model: DiffusionModel) -> list:
    """A few objects of each class."""
    return sample(model, dict.fromkeys(model.classes, 2), SAMPLER).x.round(6).tolist()


def main() -> None:
    folder = GOLDEN / version("bdiff")
    folder.mkdir(parents=True)
    expected = {}
    for kind in ("residual", "linear"):
        model, dataset, settings = KINDS[kind]()
        train(model, dataset, settings, device="cpu")
        save_model(model, folder / kind, {"dataset": dataset.name})
        expected[kind] = samples(model)
    save_tree(TREE, folder / "tree.json", model.process)
    (folder / "samples.json").write_text(json.dumps(expected) + "\n")


if __name__ == "__main__":
    main()
