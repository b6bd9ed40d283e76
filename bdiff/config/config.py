"""The whole configuration, and the part of it that one stage of the workflow gets."""

import json
from functools import cached_property, reduce
from operator import or_
from typing import Any, Literal

from pydantic import Field

from bdiff.config.base import Key, Section, Whole
from bdiff.config.dataset import Dataset
from bdiff.config.derived import Derived, derived
from bdiff.config.figures import Figure, Figures
from bdiff.config.models import VP, OneProcess, Process


class Config(Section):
    """What config.yaml says."""

    seed: Whole = Field(
        0,
        ge=0,
        lt=2**63,
        description="seed of all random numbers, a whole number from 0 to 2^63 - 1",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="auto (a GPU when there is one), cpu or cuda"
    )
    precision: Literal["float32", "bfloat16"] = Field(
        "float32",
        description="of training and sampling: float32, or bfloat16 where that is faster",
    )
    compile: bool = Field(
        False, description="true has networks compiled for training, on a GPU; or false"
    )
    process: OneProcess = Field(
        default_factory=lambda: VP(name="vp"), description="forward process of every model and tree"
    )
    run: tuple[Key, ...] = Field(
        min_length=1,
        description="names of the data sets to run; only their figures and tables are made",
    )
    datasets: dict[Key, Dataset] = Field(
        min_length=1,
        description="data sets by name: small letters, digits and _, beginning with a letter",
    )
    figures: Figures = Field(default_factory=Figures, description="figures to make")

    @cached_property
    def all_datasets(self) -> dict[str, Dataset]:
        """The data sets, and those derived from them for experiments."""
        further = (derived(name, dataset) for name, dataset in self.datasets.items())
        return reduce(or_, further, dict(self.datasets))

    def process_of(self, dataset: Dataset) -> Process:
        """The forward process of a data set's models."""
        return dataset.process or self.process

    @property
    def wanted_figures(self) -> tuple[str, ...]:
        """The figures to make: those that are not null and whose data set is run."""
        figures = {name: getattr(self.figures, name) for name in Figures.model_fields}
        return tuple(
            name for name, figure in figures.items() if figure and figure.dataset in self.run
        )

    def figure(self, name: str) -> Figure:
        """The section of a figure; raises KeyError if there is none, or it is null."""
        section: Figure | None = getattr(self.figures, name, None)
        if section is None:
            raise KeyError(f"the configuration has no figures.{name}, or it is null")
        return section

    def section(self, stage: str, dataset: str | None = None, model: str | None = None) -> str:
        """Settings of one stage, as JSON text that is the same whenever they are the same.

        Order of keys, comments, 1.0e-3 for 0.001 and a default that is spelled out change nothing,
        and neither does anything that the stage does not use.

        Args:
            stage: preprocess, fit_autoencoder, estimate_tree, compare_estimators, train,
                extend, sample, sample_hybrids, transmute, compare_transmutation, evaluate,
                evaluate_expression, evaluate_molecules, measure_efficiency, or the name of a
                figure.
            dataset: name of the data set; for figures none.
            model: branched or linear, for the stage train; also linear_guided, for sample; for
                extend those of the data set.

        Raises:
            KeyError: if there is no such stage, or the configuration has no such section.
        """
        settings = self._figure(stage) if dataset is None else self._stage(stage, dataset, model)
        return json.dumps(settings, sort_keys=True, ensure_ascii=False)

    def _figure(self, name: str) -> dict[str, Any]:
        figure = self.figure(name)
        settings, dataset = figure.model_dump(mode="json"), self.datasets[figure.dataset]
        if name == "F18_molecules":
            settings["classes_by"] = dataset.classes_by
        if name == "F8b_leave_one_out" and (left_out := dataset.leave_one_out):
            models = {"full": dataset.training.branched}
            models |= {"without": left_out.training, "added": left_out.added}
            settings["training"] = {
                model: training.model_dump(include={"steps", "batch_size"})
                for model, training in models.items()
            }
        return settings

    def _stage(self, stage: str, name: str, model: str | None) -> dict[str, Any]:
        if name not in self.all_datasets:
            raise KeyError(f"the configuration has no datasets.{name}")
        dataset = self.all_datasets[name]

        def part(key: str) -> dict[str, Any]:
            return _written(getattr(dataset, key), f"datasets.{name}.{key}")

        seed: dict[str, Any] = {"seed": self.seed}
        classes = {}
        if isinstance(dataset, Derived) and dataset.kept:
            classes = {"classes": list(dataset.kept)}
        device = {"device": self.device}
        computed = device | {"precision": self.precision}
        # Trees are those of noise levels: estimated under one process, they serve any.
        process = {"process": self.process.model_dump(mode="json")}
        own_process = {"process": self.process_of(dataset).model_dump(mode="json")}
        match stage:
            case "preprocess":
                return {"name": name} | part("data")
            case "fit_autoencoder":
                return seed | device | part("autoencoder")
            case "evaluate_molecules":
                return seed | {"classes_by": dataset.classes_by}
            case "estimate_tree":
                draw = getattr(dataset, "draw", 0)
                return process | {"seed": self.seed + draw} | classes | part("tree")
            case "compare_estimators":
                kept = ("times", "tolerance", "min_time", "min_length")
                tree = {key: value for key, value in part("tree").items() if key in kept}
                return process | seed | tree | part("comparison")
            case "train":
                training = _written(
                    getattr(dataset.training, str(model), None), f"datasets.{name}.training.{model}"
                )
                return (
                    own_process
                    | seed
                    | computed
                    | classes
                    | {"compile": self.compile}
                    | {"kind": model, "net": part("net"), "training": training}
                )
            case "extend":
                assert isinstance(dataset, Derived)
                assert model is not None
                extended = dataset.extended[model]
                tree = {} if model.startswith("linear") else {"tree": _estimated(part("tree"))}
                return (
                    seed
                    | computed
                    | tree
                    | {"new_classes": list(extended.new), "retrain": extended.retrain}
                    | {"training": _written(extended.training, f"datasets.{name}")}
                )
            case "sample":
                samples = part("samples")
                if model != "linear_guided":
                    del samples["guidance"]
                if isinstance(dataset, Derived) and dataset.wanted:
                    samples["classes"] = list(dataset.wanted)
                return seed | computed | samples
            case "evaluate" | "evaluate_expression":
                return seed | classes | part("metrics")
        sections = {
            "sample_hybrids": "hybrids",
            "transmute": "transmutation",
            "measure_efficiency": "efficiency",
            "compare_transmutation": "control",
        }
        molecules = stage == "compare_transmutation" and dataset.form == "molecules"
        classes_by = {"classes_by": dataset.classes_by} if molecules else {}
        return seed | device | classes_by | part(sections[stage])


def _estimated(tree: dict[str, Any]) -> dict[str, Any]:
    """Settings by which a class is added to a tree: of one that was given, the defaults."""
    return {} if tree["method"] == "given" else tree


def _written(section: Section | None, path: str) -> dict[str, Any]:
    """A section as plain numbers, strings and lists."""
    if section is None:
        raise KeyError(f"the configuration has no {path}, or it is null")
    return section.model_dump(mode="json")
