"""Trained models.

INPUTS   data/processed/{dataset}.parquet; for the branched model results/{dataset}/tree/tree.json;
         for classes that are added the model before
OUTPUTS  results/{dataset}/models/{model}/: verified weights, manifest, metrics step by step

The checkpoints of a training run stand in results/{dataset}/checkpoints/{model}/. They are no output:
Snakemake would delete them before it starts the job again, and an interrupted run could not go on.
`exec` gives the training the place of the shell, which a scheduler's signal would end at once: the job
lasts until the checkpoint is written.
"""


rule train:
    input:
        script=here("scripts/train.py"),
        code=sources("scripts/train.py"),
        data=data_file,
        tree=tree_file,
    output:
        weights="results/{dataset}/models/{model}/weights.safetensors",
        metrics="results/{dataset}/models/{model}/metrics.jsonl",
        manifest="results/{dataset}/models/{model}/manifest.json",
    log:
        "logs/train/{dataset}/{model}.log",
    benchmark:
        "benchmarks/results/train/{dataset}/{model}.tsv"
    wildcard_constraints:
        dataset=dataset_names(lambda dataset: not getattr(dataset, "extended", {})),
        model="branched|linear",
    conda:
        "../../envs/bdiff.yaml"
    threads: net_threads
    resources:
        mem_mb=growing(4000),
        gpu=GPUS,
    params:
        settings=section("train"),
        tree=tree_option,
    message:
        "Training the {wildcards.model} model of {wildcards.dataset}"
    shell:
        "exec python {input.script} --data {input.data} {params.tree} --settings {params.settings:q}"
        " --checkpoints results/{wildcards.dataset}/checkpoints/{wildcards.model}"
        " --output results/{wildcards.dataset}/models/{wildcards.model} > {log} 2>&1"


rule extend:
    input:
        script=here("scripts/extend.py"),
        code=sources("scripts/extend.py"),
        data=data_file,
        weights=in_extended_model("weights.safetensors"),
        manifest=in_extended_model("manifest.json"),
    output:
        weights="results/{dataset}/models/{model}/weights.safetensors",
        metrics="results/{dataset}/models/{model}/metrics.jsonl",
        manifest="results/{dataset}/models/{model}/manifest.json",
        kept="results/{dataset}/metrics/kept_{model}.csv",
    log:
        "logs/extend/{dataset}/{model}.log",
    benchmark:
        "benchmarks/results/extend/{dataset}/{model}.tsv"
    wildcard_constraints:
        dataset=dataset_names(lambda dataset: getattr(dataset, "extended", {})),
    conda:
        "../../envs/bdiff.yaml"
    threads: net_threads
    resources:
        mem_mb=growing(4000),
        gpu=GPUS,
    params:
        settings=section("extend"),
        model=extended_model,
    message:
        "Adding a class to the {wildcards.model} model: {wildcards.dataset}"
    shell:
        "exec python {input.script} --data {input.data} --model {params.model}"
        " --settings {params.settings:q}"
        " --checkpoints results/{wildcards.dataset}/checkpoints/{wildcards.model}"
        " --output results/{wildcards.dataset}/models/{wildcards.model} --kept {output.kept}"
        " > {log} 2>&1"
