"""The settings of a data set in words, for the lines that say what a figure was made of.

Settings are plain values, as the configuration's sections are written out. Every part of a data set
that a figure can be made of has its words in `PARTS`, by the name that captions.yaml uses.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bdiff.defaults import SOLVERS_BY_FORM, form_of_shape
from bdiff.sampling.titles import GRIDS, SOLVERS

METHODS = {
    "sharing_cost": "the cost of sharing",
    "all_pairs": "the cosines of all pairs",
    "aligned_pairs": "the cosines of aligned pairs",
}
Settings = Mapping[str, Any]
FEW = 6  # classes that are named one by one


def named(classes: Sequence[str], last: str = "and") -> str:
    """Class names as words: "0, 4 and 9"; of many their number."""
    if len(classes) > FEW:
        return f"{len(classes)} classes"
    return f" {last} ".join(filter(None, [", ".join(classes[:-1]), classes[-1]]))


def solver_words(solver: Settings | None, shape: Sequence[int]) -> str:
    """A solver with its steps; None is the default for objects of this shape."""
    solver = solver or SOLVERS_BY_FORM[form_of_shape(shape)]
    name: str = solver["name"]
    options = {"eta": "η = {:g}", "order": "order {}", "snr": "corrector's step {:g}"}
    own = [text.format(solver[key]) for key, text in options.items() if key in solver]
    steps = f"{solver['steps']:,} steps" if "steps" in solver else "adaptive steps"
    grid = solver.get("grid", "uniform_t")
    where = "" if grid == "uniform_t" else f" {GRIDS[grid]}"
    return ", ".join([SOLVERS.get(name, name), *own, steps + where])


def tree_words(tree: Settings) -> str:
    """How branch points were found."""
    if tree["method"] == "given":
        times = ", ".join(
            f"{named(point['classes'])} at t = {point['time']:g}" for point in tree["branch_points"]
        )
        return f"branch points set by hand: {times}"
    objects = f"{tree['objects']:,}" if tree["objects"] else "all"
    limits = {"tolerance": "tolerance {:g}", "epsilon": "ε = {:g}"}
    limit = [text.format(tree[key]) for key, text in limits.items() if key in tree]
    return ", ".join(
        [f"branch points by {METHODS[tree['method']]}", f"{objects} objects of each class", *limit]
    )


def training_words(training: Settings) -> str:
    """Steps of training of the branched and the label-guided model, and objects per step."""
    branched, linear = training["branched"], training.get("linear")
    if linear is None:
        return f"branched model trained for {_steps(branched)}"
    if _steps(linear) == _steps(branched):
        return f"branched and label-guided model trained for {_steps(branched)}"
    return (
        f"branched model trained for {_steps(branched)}, the label-guided one for {_steps(linear)}"
    )


def _steps(training: Settings) -> str:
    return f"{training['steps']:,} steps of {training['batch_size']:,} objects"


def _pairs(pairs: Sequence[Sequence[str]]) -> str:
    return "; ".join(named(pair) for pair in pairs)


def _autoencoder(dataset: Settings, shape: Sequence[int]) -> str:
    part = dataset["autoencoder"]
    return f"autoencoder with at most {part['latent']} latents fitted for {_steps(part)}"


def _samples(dataset: Settings, shape: Sequence[int]) -> str:
    samples = dataset["samples"]
    if samples is None:
        return ""
    return f"{samples['count']:,} samples of each class by {solver_words(samples['solver'], shape)}"


def _discrete(dataset: Settings, shape: Sequence[int]) -> str:
    other = dataset["all"].get(dataset["figure"].get("discrete"))
    if other is None:
        return ""
    words = f"{training_words(other['training'])}, {_samples(other, shape)}"
    return f"in discrete time: {words}"


def _hybrids(dataset: Settings, shape: Sequence[int]) -> str:
    part = dataset["hybrids"]
    solver = solver_words(part["solver"], shape)
    return f"{part['count']:,} hybrids of each pair ({_pairs(part['pairs'])}) by {solver}"


def _transmutation(dataset: Settings, shape: Sequence[int]) -> str:
    part = dataset["transmutation"]
    solver = solver_words(part["solver"], shape)
    return (
        f"{part['count']:,} real objects transmuted each way ({_pairs(part['pairs'])}) by {solver}"
    )


def _control(dataset: Settings, shape: Sequence[int]) -> str:
    part = dataset["control"]
    times = ", ".join(f"{time:g}" for time in part["times"])
    weight = part["guidance"]
    guided = "" if weight == 1 else f", pushed away from their class with weight {weight:g}"
    return (
        f"{part['count']:,} real objects each way ({_pairs(part['pairs'])}) at the branch point "
        f"and at t = {times}, by {solver_words(part['solver'], shape)}{guided}"
    )


def _extension(dataset: Settings, shape: Sequence[int], added: int | None = None) -> str:
    part = dataset["extension"]
    new = part["add"][:added]
    steps = {name: f"{training['steps']:,}" for name, training in part["added"].items()}
    return (
        f"{training_words(part['training'])} on {named(part['start'])}, then "
        f"{named(new, 'then')}: the new leaf {steps['branched']} steps, the label-guided model "
        f"{steps['linear_new']} on the new class alone or {steps['linear_all']} on all; "
        f"{part['count']:,} samples of each class by {_solver_of_samples(dataset, shape)}"
    )


def _leave_one_out(dataset: Settings, shape: Sequence[int]) -> str:
    part = dataset["leave_one_out"]
    return (
        f"{_steps(part['training'])} without the class, {_steps(part['added'])} with it; "
        f"{dataset['metrics']['count']:,} samples of it by {_solver_of_samples(dataset, shape)}"
    )


def _variants(dataset: Settings, shape: Sequence[int], part: Settings, which: str) -> str:
    """Trees that differ in one thing, and what was trained on each."""
    words = [which, tree_words(part["tree"])]
    if training := part["training"]:
        words.append(
            f"for each a branched model trained for {_steps(training)} and {part['count']:,} "
            f"samples of each class by {_solver_of_samples(dataset, shape)}"
        )
    return "; ".join(words)


def _comparison(dataset: Settings, shape: Sequence[int]) -> str:
    part = dataset["comparison"]
    objects = f"{part['objects']:,} objects of each class"
    return f"{part['draws']} draws of {objects}, ε = {part['epsilon']:g} for the cosines"


def _stability(dataset: Settings, shape: Sequence[int]) -> str:
    part = dataset["stability"]
    return _variants(dataset, shape, part, f"{part['draws']} draws of objects")


def _epsilon_sweep(dataset: Settings, shape: Sequence[int]) -> str:
    part = dataset["epsilon_sweep"]
    tree = {key: value for key, value in part["tree"].items() if key != "epsilon"}
    which = f"ε = {', '.join(f'{epsilon:g}' for epsilon in part['epsilons'])}"
    return _variants(dataset, shape, part | {"tree": tree}, which)


def _efficiency(dataset: Settings, shape: Sequence[int]) -> str:
    part = dataset["efficiency"]
    return (
        f"{part['count']:,} objects of each class, {part['repeats']} repeats, "
        f"{solver_words(part['solver'], shape)}"
    )


def _solver_of_samples(dataset: Settings, shape: Sequence[int]) -> str:
    return solver_words((dataset["samples"] or {}).get("solver"), shape)


# Words of each part, of the data set's settings and the shape of its objects.
PARTS = {
    "shown": lambda dataset, _: f"classes {', '.join(dataset['figure']['classes'])}",
    "similarities": lambda dataset, _: (
        f"{dataset['figure']['objects']:,} objects each of {named(dataset['figure']['pair'])}"
    ),
    "autoencoder": _autoencoder,
    "tree": lambda dataset, _: tree_words(dataset["tree"]),
    "training": lambda dataset, _: training_words(dataset["training"]),
    "samples": _samples,
    "discrete": _discrete,
    "metrics": lambda dataset, _: (
        f"judged with at most {dataset['metrics']['count']:,} objects of each class"
    ),
    "comparison": _comparison,
    "extension_first": lambda dataset, shape: _extension(dataset, shape, added=1),
    "extension": _extension,
    "leave_one_out": _leave_one_out,
    "hybrids": _hybrids,
    "transmutation": _transmutation,
    "control": _control,
    "stability": _stability,
    "epsilon_sweep": _epsilon_sweep,
    "efficiency": _efficiency,
}
