"""Raw files, and the data sets made of them.

INPUTS   data/sources.csv: sources and hashes; data/embedded/: garments, letters, pbmc, molecules; scikit-learn's
         digits; files of one's own
OUTPUTS  data/raw/{source}/...: downloaded and verified files (mnist, fashion_mnist, moses)
         data/processed/{dataset}.parquet: objects, class names, split
"""


# The folder's files depend on the source that answered; this one lists them, with their hashes.
rule download:
    input:
        script=here("scripts/download.py"),
        code=sources("scripts/download.py"),
    output:
        provenance="data/raw/{source}/source.json",
    log:
        "logs/download/{source}.log",
    benchmark:
        "benchmarks/results/download/{source}.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
    params:
        settings=download_section,
    message:
        "Downloading {wildcards.source}"
    shell:
        "python {input.script} --source {wildcards.source}"
        " --output data/raw/{wildcards.source} > {log} 2>&1"


rule preprocess:
    input:
        script=here("scripts/preprocess.py"),
        code=sources("scripts/preprocess.py"),
        raw=raw_files,
        classes_by=classes_by_files,
    output:
        data="data/processed/{dataset}.parquet",
    log:
        "logs/preprocess/{dataset}.log",
    benchmark:
        "benchmarks/results/preprocess/{dataset}.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
    params:
        settings=section("preprocess"),
        raw=raw_folder,
    message:
        "Making the data set {wildcards.dataset}"
    shell:
        "python {input.script} {params.raw} --settings {params.settings:q}"
        " --output {output.data} > {log} 2>&1"
