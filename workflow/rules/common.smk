"""Helpers of the rules: which code a script runs, the settings of a stage, the files of a figure.

Whether a job is stale is decided by what stands here:
  - `sources` makes the script and every module of bdiff that it imports inputs of the rule, by content;
  - `section` makes the stage's own part of the configuration its one parameter, as canonical JSON.
Paths are relative to the working directory, so a copied checkout, or --directory, changes nothing.
"""

import ast
import csv
import json
import os
import re
from functools import cache
from pathlib import Path
from shlex import quote
from string import ascii_lowercase

from bdiff.config import derived
from bdiff.config.data import DOWNLOADED

ROOT = Path(workflow.basedir)
GPUS = 1 if CONFIG.device == "cuda" else 0
# A convolutional network is worth several cores; half of them leave room for the other model.
CORES = workflow.cores or 8
IMAGE_THREADS = max(1, min(4, CORES // 2))

CONTROLLED = ("branched", "linear")
# What the rules on cells need to see genes: counts, latents and the autoencoder between them.
CELLS = {
    "data": "data/processed/{dataset}.parquet",
    "latent": "results/{dataset}/latent.parquet",
    "weights": "results/{dataset}/autoencoder/weights.safetensors",
    "manifest": "results/{dataset}/autoencoder/manifest.json",
}

F4_PANELS = (
    "F4a_wasserstein",
    "F4b_histograms",
    "F4c_class_contrasts",
    "F4d_correlations",
    "F4e_frechet",
)
F17_PANELS = ("F17a_markers", "F17b_correlations", "F17c_genes", "F17d_covariate")
F19_PANELS = ("F19_molecule_transmutation", "F19b_molecule_quality")
F15_PANELS = ("F15a_hybrids", "F15b_transmutation", "F15c_correlations")
# Data that lie in the repository.
EMBEDDED = {
    "garments": "garments.zip",
    "letters": "letters.parquet",
    "pbmc": "pbmc.parquet",
    "molecules": "molecules.csv.gz",
}
TABLES = {  # and the part of a data set that each is made of
    "T1_branches": "tree",
    "T2_efficiency": "efficiency",
    "T3_frechet": "metrics",
    "T4_class_extension": "extension",
    "T6_discovery_time": "comparison",
}
MOLECULE_TABLES = ("T5_molecule_transmutation", "T8_molecule_classes")

# What the tables name as the command that made them. No parameter, since nothing depends on it.
OVERLAYS = [os.path.relpath(path) for path in getattr(workflow, "overwrite_configfiles", ())]
COMMAND = " ".join(["snakemake --cores all", *(["--configfile", *OVERLAYS] if OVERLAYS else [])])

# What runs is what the rules watch: the bdiff beside this workflow, not one installed elsewhere.
shell.prefix(
    f"set -euo pipefail; export PYTHONPATH={quote(str(ROOT))}${{{{PYTHONPATH:+:$PYTHONPATH}}}}; "
)


def here(path):
    """A file of this repository, from the working directory."""
    return os.path.relpath(ROOT / path)


@cache
def sources(script):
    """The modules of bdiff that a script imports, directly or through others, in any function."""
    found, waiting = set(), [ROOT / script]
    while waiting:
        new = modules_imported_by(waiting.pop()) - found
        found |= new
        waiting += new
    return [here(path) for path in sorted(found)]


@cache
def modules_imported_by(path):
    """Files of the modules of bdiff that a file imports; of the packages around them, too.

    bdiff/__init__.py is left out: it offers names without loading anything, and the scripts import
    from the modules.
    """
    files = set()
    for name in imported_names(path):
        parts = name.split(".")
        for end in range(2, len(parts) + 1):
            place = ROOT.joinpath(*parts[:end])
            files |= {f for f in (place.with_suffix(".py"), place / "__init__.py") if f.is_file()}
        if len(parts) == 2 and not (place.is_dir() or place.with_suffix(".py").is_file()):
            raise WorkflowError(
                f"{path}: imports {parts[1]} from bdiff; import it from the module that defines it, "
                f"so that an edit of that module is seen"
            )
    return files


def imported_names(path):
    """Dotted names within bdiff that stand in the import statements of a file."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("bdiff."))
        elif isinstance(node, ast.ImportFrom):
            around = package[: len(package) - node.level + 1] if node.level else ()
            origin = ".".join([*around, *filter(None, [node.module])])
            if origin.split(".")[0] == "bdiff":
                yield from (f"{origin}.{alias.name}" for alias in node.names)


def section(stage):
    """The settings of a stage, for the data set and the model in the wildcards."""

    def settings(wildcards):
        return CONFIG.section(stage, wildcards.dataset, wildcards.get("model"))

    return settings


def download_section(wildcards):
    """The rows of data/sources.csv on a source: where it comes from, and its hashes."""
    with open(ROOT / "data/sources.csv", newline="", encoding="utf-8") as table:
        rows = [row for row in csv.DictReader(table) if row["dataset"] == wildcards.source]
    return json.dumps(rows, sort_keys=True)


def classes_by_files(wildcards):
    """The file of a function of one's own that decides the classes of molecules, where Python finds one."""
    dataset = CONFIG.all_datasets[wildcards.dataset]
    if dataset.form != "molecules" or ":" not in dataset.classes_by:
        return []
    file = Path(*dataset.classes_by.partition(":")[0].split(".")).with_suffix(".py")
    places = [Path(), *map(Path, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return [str(place / file) for place in places if (place / file).is_file()][:1]


def raw_files(wildcards):
    """What a data set is made of: downloaded files, a table in the repository, or one's own file."""
    data = CONFIG.datasets[wildcards.dataset].data
    if data.source in DOWNLOADED:
        return [f"data/raw/{data.source}/source.json"]
    if data.source in EMBEDDED:
        return [here(f"data/embedded/{EMBEDDED[data.source]}")]
    return getattr(data, "files", [])


def raw_folder(wildcards):
    """The option --raw of preprocess.py, for downloaded data."""
    source = CONFIG.datasets[wildcards.dataset].data.source
    return f"--raw data/raw/{source}" if source in DOWNLOADED else ""


def dataset_names(wanted=lambda dataset: True):
    """A pattern of the names of data sets; one that matches nothing, where there is none."""
    names = [re.escape(name) for name, dataset in CONFIG.all_datasets.items() if wanted(dataset)]
    return "|".join(names) or "(?!)"


def data_file(wildcards):
    """What the models of the data set in the wildcards see."""
    return model_data(wildcards.dataset)


def model_data(name):
    """A data set, or the one that it is derived from; of counts, what the autoencoder makes of it."""
    dataset = CONFIG.all_datasets[name]
    of = getattr(dataset, "of", name)
    return f"results/{of}/latent.parquet" if dataset.autoencoder else f"data/processed/{of}.parquet"


def data_of(figure):
    """What the models see that the figure is made of; the figure may be in the wildcards."""
    return lambda wildcards: model_data(dataset_of(figure.format(**wildcards)))


def extended_model(wildcards):
    """The folder of the model to which classes are added."""
    start = CONFIG.all_datasets[wildcards.dataset].extended[wildcards.model]
    return f"results/{start.dataset}/models/{start.model}"


def linear_model(wildcards):
    """The files of the label-guided model, where there is one."""
    there = CONFIG.all_datasets[wildcards.dataset].training.linear
    folder = f"results/{wildcards.dataset}/models/linear"
    return [f"{folder}/manifest.json", f"{folder}/weights.safetensors"] if there else []


def in_extended_model(name):
    """A file of that model."""
    return lambda wildcards: f"{extended_model(wildcards)}/{name}"


def tree_file(wildcards):
    """The branched model needs the tree; the label-guided one must not depend on it."""
    return [f"results/{wildcards.dataset}/tree/tree.json"] if wildcards.model == "branched" else []


def tree_option(wildcards):
    return " ".join(["--tree", *tree_file(wildcards)]) if tree_file(wildcards) else ""


def growing(mem_mb):
    """Memory that grows with every attempt, since a job may have failed for want of it."""
    return lambda wildcards, attempt: attempt * mem_mb


def net_threads(wildcards):
    dataset = CONFIG.all_datasets[wildcards.dataset]
    if dataset.form == "table" or hasattr(dataset, "of"):
        return 1  # of the models of an experiment several are trained at a time
    # Known only now. A job of a cluster has its cores to itself, and plans itself anew with them.
    on_cluster = workflow.remote_exec or not workflow.local_exec
    return min(4, CORES) if on_cluster else IMAGE_THREADS


def per_model(text, figure=None):
    """The text for each sampled model of the data set, the figure's or that in the wildcards."""

    def texts(wildcards):
        dataset = dataset_of(figure) if figure else wildcards.dataset
        return [text.format(dataset=dataset, model=m) for m in CONFIG.all_datasets[dataset].sampled]

    return texts


def per_dataset(text, part):
    """The text for each data set that is run and has this part."""
    return [
        text.format(dataset=name) for name in CONFIG.run if getattr(CONFIG.datasets[name], part)
    ]


def of_molecules(text):
    """The text for each data set of molecules that is run and compared over noise levels."""
    names = per_dataset("{dataset}", "control")
    return [text.format(dataset=n) for n in names if CONFIG.datasets[n].form == "molecules"]


def per_judged_model(text):
    """The text for each sampled model of each data set that is run and whose samples are judged."""
    return [
        text.format(dataset=name, model=model, trained=trained(model))
        for name in per_dataset("{dataset}", "metrics")
        for model in CONFIG.datasets[name].sampled
    ]


def trained(model):
    """The model whose weights are sampled: guidance takes those of the label-guided one."""
    return model.removesuffix("_guided")


def of_trained(path):
    """The file of the trained model in the wildcards."""

    def file(wildcards):
        return path.format(dataset=wildcards.dataset, model=trained(wildcards.model))

    return file


def dataset_of(figure):
    return CONFIG.figure(figure).dataset


def experiment(figure, kind):
    """The data sets that an experiment derives from the figure's, each with what it is named by."""
    name = dataset_of(figure)
    named = kind(CONFIG.datasets[name], name)
    return list(named.items() if isinstance(named, dict) else enumerate(named))


def of_experiment(figure, kind, path):
    """A file of every data set that an experiment derives from the figure's.

    Args:
        figure: its name.
        kind: a function of `bdiff.config.derived` that names them.
        path: with {dataset} for the name; {item}, where it has one, for what it is named by.
    """
    return lambda wildcards: [
        path.format(item=item, dataset=name) for item, name in experiment(figure, kind)
    ]


def of_trained_experiment(figure, kind, path="results/{dataset}/metrics/quality.csv"):
    """As `of_experiment`, of the models that the data sets have; none, where they are only trees."""

    def files(wildcards):
        judged = all(CONFIG.all_datasets[name].metrics for _, name in experiment(figure, kind))
        return of_experiment(figure, kind, path)(wildcards) if judged else []

    return files


def stage_files(path):
    """A file of each stage of the class extension that the figure shows; of each of its models,
    where the path names {model}."""

    def files(wildcards):
        name = dataset_of(wildcards.figure)
        shown = derived.stages(CONFIG.datasets[name], name)
        shown = shown[:2] if wildcards.figure != "F8_class_extension_steps" else shown
        return files_of_stages(shown, path)

    return files


def files_of_stages(names, path):
    """A file of each of these stages, and of each model where the path names {model}; what the path
    names kept_ is of stages that added a class."""
    later = names[1:] if "kept_" in path else names
    models = lambda name: CONFIG.all_datasets[name].models if "{model}" in path else [None]
    return [path.format(dataset=name, model=model) for name in later for model in models(name)]


def all_stages(path, key=""):
    """A file of every stage of every class extension that is run."""
    return [
        key.format(dataset=name) + file
        for name in per_dataset("{dataset}", "extension")
        for file in files_of_stages(derived.stages(CONFIG.datasets[name], name), path)
    ]


def linear_quality(figure):
    """The quality of the label-guided model of the figure's data set, where it was trained as long
    as the models of the draws: what training it longer brings is not owed to branching."""

    def files(wildcards):
        name = dataset_of(figure)
        dataset = CONFIG.datasets[name]
        trainings = dataset.stability.training, dataset.training.linear
        if not (dataset.metrics and all(trainings)):
            return []
        draws, linear = ((training.steps, training.batch_size) for training in trainings)
        return [f"results/{name}/metrics/quality.csv"] if draws == linear else []

    return files


def option(name, files):
    """An option of a script with these files, or nothing where there are none."""
    return lambda wildcards: " ".join([name, *files(wildcards)]) if files(wildcards) else ""


def examples_of(path):
    """Samples of each model of the figure F2, and of the branched one in discrete time."""

    def files(wildcards):
        figure = CONFIG.figures.F2_examples
        models = CONFIG.datasets[figure.dataset].models
        shown = [(model, figure.dataset, model) for model in models]
        if figure.discrete:
            shown.insert(1, ("discrete", figure.discrete, "branched"))
        return [path.format(name=name, dataset=of, model=model) for name, of, model in shown]

    return files


def control_strips(wildcards, input):
    """What a figure of grey images shows besides curves."""
    shape = CONFIG.datasets[dataset_of(wildcards.figure)].shape
    if shape is None or shape[0] != 1:
        return ""
    return f"--branched {input.branched} --linear {input.linear}"


def of_figure(figure, path):
    """A file of the data set that the figure is made of; the figure may be in the wildcards."""

    def file(wildcards):
        return path.format(dataset=dataset_of(figure.format(**wildcards)))

    return file


def figure_section(figure):
    """The settings of a figure, which may be in the wildcards."""

    def settings(wildcards):
        return CONFIG.section(figure.format(**wildcards))

    return settings


def hybrid_panels():
    """A figure for each pair of classes."""
    figure = CONFIG.figures.F16_hybrids
    count = len(CONFIG.datasets[figure.dataset].hybrids.pairs) if figure else 1
    return [f"F16{letter}_hybrids" for letter in ascii_lowercase[:count]]


def cell_panels():
    """Panels on the transmutation of cells, one of them only where something else of them is known."""
    figure = CONFIG.figures.F17_cell_transmutation
    data = CONFIG.datasets[figure.dataset].data if figure else None
    known = getattr(data, "source", "") == "simulated_cells" or getattr(data, "covariates", ())
    return F17_PANELS if known else F17_PANELS[:3]


def figure_targets():
    """The files of all figures that are wanted."""
    panels = {
        "F4_letters": F4_PANELS,
        "F15_hybrids_transmutation": F15_PANELS,
        "F16_hybrids": hybrid_panels(),
        "F17_cell_transmutation": cell_panels(),
        "F19_molecule_transmutation": F19_PANELS,
    }
    stems = [stem for name in CONFIG.wanted_figures for stem in panels.get(name, (name,))]
    return [f"results/figures/{stem}.{ending}" for stem in stems for ending in ("svg", "png")]


def table_targets():
    """The tables for which some data set has the numbers."""
    wanted = [name for name, part in TABLES.items() if per_dataset("{dataset}", part)]
    molecules = MOLECULE_TABLES if of_molecules("{dataset}") else ()
    return [f"results/tables/{name}.csv" for name in sorted([*wanted, *molecules])]


def quality_targets():
    """The table of quality, where the samples of some data set are judged."""
    endings = ("csv", "md") if per_dataset("{dataset}", "metrics") else ()
    return [f"results/tables/quality.{ending}" for ending in endings]
