"""Numbers, and the tables that set the paper's beside them.

INPUTS   results/{dataset}/samples/{model}.parquet, data/processed/{dataset}.parquet,
         results/{dataset}/models/{model}/, data/paper/*.csv
OUTPUTS  results/{dataset}/metrics/quality.csv: sample quality by class
         results/{dataset}/metrics/expression.csv: the same by genes, of cells
         results/{dataset}/metrics/cell_transmutation.csv: genes of transmuted cells
         results/{dataset}/metrics/molecules.csv, statistics.csv: generated and real molecules
         results/{dataset}/metrics/molecule_transmutation.csv, functional_groups.csv: transmuted ones
         results/{dataset}/metrics/efficiency.csv: sampling time and network evaluations
         results/tables/T<number>_<name>.csv
         results/tables/quality.csv, quality.md: sample quality and cost of every model
"""


rule evaluate:
    input:
        script=here("scripts/evaluate.py"),
        code=sources("scripts/evaluate.py"),
        data=data_file,
        samples=per_model("results/{dataset}/samples/{model}.parquet"),
    output:
        quality="results/{dataset}/metrics/quality.csv",
    log:
        "logs/evaluate/{dataset}.log",
    benchmark:
        "benchmarks/results/evaluate/{dataset}.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
    params:
        settings=section("evaluate"),
        samples=per_model("{model}=results/{dataset}/samples/{model}.parquet"),
    message:
        "Evaluating the samples of {wildcards.dataset}"
    shell:
        "python {input.script} --data {input.data} --samples {params.samples}"
        " --settings {params.settings:q} --output {output.quality} > {log} 2>&1"


rule evaluate_expression:
    input:
        **CELLS,
        script=here("scripts/evaluate_expression.py"),
        code=sources("scripts/evaluate_expression.py"),
        samples=per_model("results/{dataset}/samples/{model}.parquet"),
    output:
        expression="results/{dataset}/metrics/expression.csv",
    log:
        "logs/evaluate_expression/{dataset}.log",
    benchmark:
        "benchmarks/results/evaluate_expression/{dataset}.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
    params:
        settings=section("evaluate_expression"),
        samples=per_model("{model}=results/{dataset}/samples/{model}.parquet"),
    message:
        "Evaluating the expression of the samples of {wildcards.dataset}"
    shell:
        "python {input.script} --data {input.data} --latent {input.latent}"
        " --autoencoder results/{wildcards.dataset}/autoencoder --samples {params.samples}"
        " --settings {params.settings:q} --output {output.expression} > {log} 2>&1"


rule evaluate_cell_transmutation:
    input:
        **CELLS,
        script=here("scripts/evaluate_cell_transmutation.py"),
        code=sources("scripts/evaluate_cell_transmutation.py"),
        branched="results/{dataset}/samples/control_branched.parquet",
        linear="results/{dataset}/samples/control_linear.parquet",
    output:
        genes="results/{dataset}/metrics/cell_transmutation.csv",
    log:
        "logs/evaluate_cell_transmutation/{dataset}.log",
    benchmark:
        "benchmarks/results/evaluate_cell_transmutation/{dataset}.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
    message:
        "Evaluating the genes of transmuted cells of {wildcards.dataset}"
    shell:
        "python {input.script} --data {input.data} --latent {input.latent}"
        " --autoencoder results/{wildcards.dataset}/autoencoder"
        " --transmutation branched={input.branched} linear={input.linear}"
        " --output {output.genes} > {log} 2>&1"


rule evaluate_molecules:
    input:
        script=here("scripts/evaluate_molecules.py"),
        code=sources("scripts/evaluate_molecules.py"),
        classes_by=classes_by_files,
        data=data_file,
        samples=per_model("results/{dataset}/samples/{model}.parquet"),
        branched="results/{dataset}/samples/control_branched.parquet",
        linear="results/{dataset}/samples/control_linear.parquet",
    output:
        quality="results/{dataset}/metrics/molecules.csv",
        statistics="results/{dataset}/metrics/statistics.csv",
        transmuted="results/{dataset}/metrics/molecule_transmutation.csv",
        groups="results/{dataset}/metrics/functional_groups.csv",
    log:
        "logs/evaluate_molecules/{dataset}.log",
    benchmark:
        "benchmarks/results/evaluate_molecules/{dataset}.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
    params:
        settings=section("evaluate_molecules"),
        samples=per_model("{model}=results/{dataset}/samples/{model}.parquet"),
    message:
        "Evaluating the molecules of {wildcards.dataset}"
    shell:
        "python {input.script} --data {input.data} --samples {params.samples}"
        " --transmutation branched={input.branched} linear={input.linear}"
        " --settings {params.settings:q} --output {output.quality}"
        " --statistics {output.statistics} --transmuted {output.transmuted}"
        " --groups {output.groups} > {log} 2>&1"


# It takes all cores, so that nothing else runs while it measures time, but computes with as many
# threads as other rules do with this network: more of them only wait for each other.
rule measure_efficiency:
    input:
        script=here("scripts/measure_efficiency.py"),
        code=sources("scripts/measure_efficiency.py"),
        weights="results/{dataset}/models/branched/weights.safetensors",
        manifest="results/{dataset}/models/branched/manifest.json",
        linear=linear_model,
    output:
        efficiency="results/{dataset}/metrics/efficiency.csv",
    log:
        "logs/measure_efficiency/{dataset}.log",
    benchmark:
        "benchmarks/results/measure_efficiency/{dataset}.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: CORES
    resources:
        mem_mb=growing(4000),
        gpu=GPUS,
        compute_threads=net_threads,
    params:
        settings=section("measure_efficiency"),
        linear=lambda wildcards, input: (
            f"--linear {os.path.dirname(input.linear[0])}" if input.linear else ""
        ),
    message:
        "Measuring the sampling time of {wildcards.dataset}"
    shell:
        "OMP_NUM_THREADS={resources.compute_threads} MKL_NUM_THREADS={resources.compute_threads}"
        " python {input.script} --settings {params.settings:q}"
        " --model results/{wildcards.dataset}/models/branched {params.linear}"
        " --output {output.efficiency} > {log} 2>&1"


rule make_tables:
    input:
        script=here("scripts/make_tables.py"),
        code=sources("scripts/make_tables.py"),
        numbers=here("data/paper/numbers.csv"),
        branches=here("data/paper/branches.csv"),
        tree=per_dataset("results/{dataset}/tree/tree.json", "tree"),
        quality=per_dataset("results/{dataset}/metrics/quality.csv", "metrics"),
        efficiency=per_dataset("results/{dataset}/metrics/efficiency.csv", "efficiency"),
        comparison=per_dataset("results/{dataset}/tree/comparison.csv", "comparison"),
        stages=all_stages("results/{dataset}/metrics/quality.csv"),
        samples=all_stages("results/{dataset}/samples/{model}.parquet"),
        kept=all_stages("results/{dataset}/metrics/kept_branched.csv"),
        transmuted=of_molecules("results/{dataset}/metrics/molecule_transmutation.csv"),
        statistics=of_molecules("results/{dataset}/metrics/statistics.csv"),
    output:
        tables=table_targets(),
    log:
        "logs/make_tables.log",
    benchmark:
        "benchmarks/results/make_tables.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
    params:
        tree=per_dataset("{dataset}=results/{dataset}/tree/tree.json", "tree"),
        quality=per_dataset("{dataset}=results/{dataset}/metrics/quality.csv", "metrics"),
        efficiency=per_dataset("{dataset}=results/{dataset}/metrics/efficiency.csv", "efficiency"),
        comparison=per_dataset("{dataset}=results/{dataset}/tree/comparison.csv", "comparison"),
        stages=all_stages("results/{dataset}", key="{dataset}="),
        transmuted=of_molecules("{dataset}=results/{dataset}/metrics/molecule_transmutation.csv"),
        statistics=of_molecules("{dataset}=results/{dataset}/metrics/statistics.csv"),
    message:
        "Making the tables"
    shell:
        "python {input.script} --paper {input.numbers} --branches {input.branches}"
        " --tree {params.tree} --quality {params.quality} --efficiency {params.efficiency}"
        " --comparison {params.comparison} --extension {params.stages}"
        " --transmuted {params.transmuted} --statistics {params.statistics}"
        " --output results/tables > {log} 2>&1"


rule summarise_quality:
    input:
        script=here("scripts/summarise_quality.py"),
        code=sources("scripts/summarise_quality.py"),
        numbers=here("data/paper/numbers.csv"),
        quality=per_dataset("results/{dataset}/metrics/quality.csv", "metrics"),
        manifests=per_judged_model("results/{dataset}/models/{trained}/manifest.json"),
        samples=per_judged_model("results/{dataset}/samples/{model}.parquet"),
    output:
        table="results/tables/quality.csv",
        markdown="results/tables/quality.md",
    log:
        "logs/summarise_quality.log",
    benchmark:
        "benchmarks/results/summarise_quality.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        command=COMMAND,
    params:
        manifests=per_judged_model(
            "{dataset}/{model}=results/{dataset}/models/{trained}/manifest.json"
        ),
        samples=per_judged_model("{dataset}/{model}=results/{dataset}/samples/{model}.parquet"),
    message:
        "Summarising the quality of all models"
    shell:
        "python {input.script} --paper {input.numbers} --quality {input.quality}"
        " --manifest {params.manifests} --samples {params.samples} --command {resources.command:q}"
        " --output {output.table} > {log} 2>&1"
