"""Generated objects.

INPUTS   results/{dataset}/models/{model}/; for transmutation data/processed/{dataset}.parquet
OUTPUTS  results/{dataset}/samples/{model}.parquet: objects of every class
         results/{dataset}/samples/hybrids.parquet, transmutation.parquet: of pairs (branched model)
         results/{dataset}/samples/control_{model}.parquet, metrics/control.csv: transmutation by
         both models, at the branch points and over noise levels
"""


rule sample:
    input:
        script=here("scripts/sample.py"),
        code=sources("scripts/sample.py"),
        weights=of_trained("results/{dataset}/models/{model}/weights.safetensors"),
        manifest=of_trained("results/{dataset}/models/{model}/manifest.json"),
    output:
        samples="results/{dataset}/samples/{model}.parquet",
    log:
        "logs/sample/{dataset}/{model}.log",
    benchmark:
        "benchmarks/results/sample/{dataset}/{model}.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: net_threads
    resources:
        mem_mb=growing(4000),
        gpu=GPUS,
    params:
        settings=section("sample"),
        model=of_trained("results/{dataset}/models/{model}"),
    message:
        "Sampling from the {wildcards.model} model of {wildcards.dataset}"
    shell:
        "python {input.script} --settings {params.settings:q}"
        " --model {params.model}"
        " --output {output.samples} > {log} 2>&1"


rule sample_hybrids:
    input:
        script=here("scripts/sample_hybrids.py"),
        code=sources("scripts/sample_hybrids.py"),
        weights="results/{dataset}/models/branched/weights.safetensors",
        manifest="results/{dataset}/models/branched/manifest.json",
    output:
        hybrids="results/{dataset}/samples/hybrids.parquet",
    log:
        "logs/sample_hybrids/{dataset}.log",
    benchmark:
        "benchmarks/results/sample_hybrids/{dataset}.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: net_threads
    resources:
        mem_mb=growing(4000),
        gpu=GPUS,
    params:
        settings=section("sample_hybrids"),
    message:
        "Sampling hybrids of {wildcards.dataset}"
    shell:
        "python {input.script} --settings {params.settings:q}"
        " --model results/{wildcards.dataset}/models/branched"
        " --output {output.hybrids} > {log} 2>&1"


rule transmute:
    input:
        script=here("scripts/transmute.py"),
        code=sources("scripts/transmute.py"),
        data=data_file,
        weights="results/{dataset}/models/branched/weights.safetensors",
        manifest="results/{dataset}/models/branched/manifest.json",
    output:
        transmutation="results/{dataset}/samples/transmutation.parquet",
    log:
        "logs/transmute/{dataset}.log",
    benchmark:
        "benchmarks/results/transmute/{dataset}.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: net_threads
    resources:
        mem_mb=growing(4000),
        gpu=GPUS,
    params:
        settings=section("transmute"),
    message:
        "Transmuting objects of {wildcards.dataset}"
    shell:
        "python {input.script} --data {input.data} --settings {params.settings:q}"
        " --model results/{wildcards.dataset}/models/branched"
        " --output {output.transmutation} > {log} 2>&1"


rule compare_transmutation:
    input:
        script=here("scripts/compare_transmutation.py"),
        code=sources("scripts/compare_transmutation.py"),
        classes_by=classes_by_files,
        data=data_file,
        weights=expand("results/{{dataset}}/models/{model}/weights.safetensors", model=CONTROLLED),
        manifests=expand("results/{{dataset}}/models/{model}/manifest.json", model=CONTROLLED),
    output:
        branched="results/{dataset}/samples/control_branched.parquet",
        linear="results/{dataset}/samples/control_linear.parquet",
        curve="results/{dataset}/metrics/control.csv",
    log:
        "logs/compare_transmutation/{dataset}.log",
    benchmark:
        "benchmarks/results/compare_transmutation/{dataset}.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: net_threads
    resources:
        mem_mb=growing(4000),
        gpu=GPUS,
    params:
        settings=section("compare_transmutation"),
        models=expand("{model}=results/{{dataset}}/models/{model}", model=CONTROLLED),
    message:
        "Transmuting objects of {wildcards.dataset} at several noise levels"
    shell:
        "python {input.script} --data {input.data} --model {params.models}"
        " --samples branched={output.branched} linear={output.linear}"
        " --settings {params.settings:q} --output {output.curve} > {log} 2>&1"
