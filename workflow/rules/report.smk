"""All figures and tables on one page.

INPUTS   results/figures/*, results/tables/*.csv, data/processed/*.parquet, the hashes of
         models that classes were added to
OUTPUTS  results/report.html
"""


rule make_report:
    input:
        script=here("scripts/make_report.py"),
        code=sources("scripts/make_report.py"),
        captions=here("workflow/report/captions.yaml"),
        page=here("workflow/report/page.html"),
        data=per_dataset("data/processed/{dataset}.parquet", "data"),
        figures=figure_targets(),
        tables=table_targets(),
        quality=quality_targets(),
        kept=all_stages("results/{dataset}/metrics/kept_branched.csv"),
    output:
        page="results/report.html",
    log:
        "logs/make_report.log",
    benchmark:
        "benchmarks/results/make_report.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: 1
    resources:
        mem_mb=growing(1500),
        command=COMMAND,
    params:
        # only what is run, so that another data set's numbers change nothing here
        settings=lambda wildcards: json.dumps(
            CONFIG.model_dump(
                mode="json",
                include={"figures": {*CONFIG.wanted_figures}, "datasets": {*CONFIG.run}},
            ),
            sort_keys=True,
            ensure_ascii=False,
        ),
        data=per_dataset("{dataset}=data/processed/{dataset}.parquet", "data"),
        figures=[path for path in figure_targets() if path.endswith(".svg")],
        tables=[path for path in [*table_targets(), *quality_targets()] if path.endswith(".csv")],
    message:
        "Making the page of all figures and tables"
    shell:
        "python {input.script} --captions {input.captions} --page {input.page}"
        " --figures {params.figures} --tables {params.tables} --data {params.data}"
        " --kept {input.kept} --command {resources.command:q}"
        " --settings {params.settings:q} --output {output.page} > {log} 2>&1"
