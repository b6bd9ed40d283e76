"""From raw data to the paper's figures and tables, for branched and label-guided diffusion models.

    snakemake --cores 8                                             everything in config.yaml
    snakemake --cores all --configfile workflow/config/demo.yaml    the same at a small scale

The rules follow the way of the data; each names its script in scripts/, its log and its benchmark.
"""

from pathlib import Path
from snakemake.utils import min_version
from bdiff.config import read_config

min_version("9.27")


configfile: Path(workflow.basedir, "config.yaml")


# Snakemake merges overlays key by key; here one that names another kind of a part replaces the part.
CONFIG = read_config(
    Path(workflow.basedir, "config.yaml"),
    *workflow.overwrite_configfiles,
    last=workflow.config_settings.config,
)


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/autoencoder.smk"
include: "workflow/rules/trees.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/samples.smk"
include: "workflow/rules/metrics.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/report.smk"


wildcard_constraints:
    dataset=dataset_names(),
    model="branched|branched_retrained|linear|linear_guided|linear_new|linear_all",


# On a cluster these run where snakemake does; computing nodes often cannot reach the network.
localrules:
    all,
    download,


rule all:
    default_target: True
    input:
        figures=figure_targets(),
        tables=table_targets(),
        quality=quality_targets(),
        report="results/report.html",
