"""Branch points.

INPUTS   data/processed/{dataset}.parquet
OUTPUTS  results/{dataset}/tree/tree.json and .nwk: the branch tree
         results/{dataset}/tree/comparison.csv: time and agreement of the estimators
"""


rule estimate_tree:
    input:
        script=here("scripts/estimate_tree.py"),
        code=sources("scripts/estimate_tree.py"),
        data=data_file,
    output:
        tree="results/{dataset}/tree/tree.json",
        newick="results/{dataset}/tree/tree.nwk",
    log:
        "logs/estimate_tree/{dataset}.log",
    benchmark:
        "benchmarks/results/estimate_tree/{dataset}.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
    params:
        settings=section("estimate_tree"),
    message:
        "Estimating the branch tree of {wildcards.dataset}"
    shell:
        "python {input.script} --data {input.data} --settings {params.settings:q}"
        " --output {output.tree} > {log} 2>&1"


rule compare_estimators:
    input:
        script=here("scripts/compare_estimators.py"),
        code=sources("scripts/compare_estimators.py"),
        data=data_file,
    output:
        comparison="results/{dataset}/tree/comparison.csv",
    log:
        "logs/compare_estimators/{dataset}.log",
    benchmark:
        "benchmarks/results/compare_estimators/{dataset}.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
    params:
        settings=section("compare_estimators"),
    message:
        "Comparing the branch-point estimators on {wildcards.dataset}"
    shell:
        "python {input.script} --data {input.data} --settings {params.settings:q}"
        " --output {output.comparison} > {log} 2>&1"
