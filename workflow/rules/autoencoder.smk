"""Autoencoders of counts, and what they make of the data set.

INPUTS   data/processed/{dataset}.parquet: counts
OUTPUTS  results/{dataset}/autoencoder/: verified weights, manifest with what it reconstructs
         results/{dataset}/latent.parquet: the data set in latent space, where all later stages work
"""


rule fit_autoencoder:
    input:
        script=here("scripts/fit_autoencoder.py"),
        code=sources("scripts/fit_autoencoder.py"),
        data="data/processed/{dataset}.parquet",
    output:
        weights="results/{dataset}/autoencoder/weights.safetensors",
        manifest="results/{dataset}/autoencoder/manifest.json",
        latent="results/{dataset}/latent.parquet",
    log:
        "logs/fit_autoencoder/{dataset}.log",
    benchmark:
        "benchmarks/results/fit_autoencoder/{dataset}.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        gpu=GPUS,
    params:
        settings=section("fit_autoencoder"),
    message:
        "Fitting the autoencoder of {wildcards.dataset}"
    shell:
        "python {input.script} --data {input.data} --settings {params.settings:q}"
        " --output results/{wildcards.dataset}/autoencoder --latent {output.latent} > {log} 2>&1"
