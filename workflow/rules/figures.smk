"""The figures, by their number in the paper's list.

INPUTS   what stages before have left of the data set that the figure names
OUTPUTS  results/figures/F<number>_<name>.svg and .png
"""


rule plot_branched_process:
    input:
        script=here("scripts/plot_branched_process.py"),
        code=sources("scripts/plot_branched_process.py"),
        data=data_of("F1_branched_process"),
        tree=of_figure("F1_branched_process", "results/{dataset}/tree/tree.json"),
    output:
        svg="results/figures/F1_branched_process.svg",
        png="results/figures/F1_branched_process.png",
    log:
        "logs/plot_branched_process.log",
    benchmark:
        "benchmarks/results/plot_branched_process.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: 1
    resources:
        mem_mb=growing(1500),
    params:
        settings=figure_section("F1_branched_process"),
    message:
        "Drawing the branched forward process (F1)"
    shell:
        "python {input.script} --data {input.data} --tree {input.tree}"
        " --settings {params.settings:q} --output {output.svg} > {log} 2>&1"


rule plot_examples:
    input:
        script=here("scripts/plot_examples.py"),
        code=sources("scripts/plot_examples.py"),
        data=data_of("F2_examples"),
        samples=examples_of("results/{dataset}/samples/{model}.parquet"),
    output:
        svg="results/figures/F2_examples.svg",
        png="results/figures/F2_examples.png",
    log:
        "logs/plot_examples.log",
    benchmark:
        "benchmarks/results/plot_examples.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: 1
    resources:
        mem_mb=growing(1500),
    params:
        samples=examples_of("{name}=results/{dataset}/samples/{model}.parquet"),
    message:
        "Drawing generated examples (F2)"
    shell:
        "python {input.script} --data {input.data} --samples {params.samples}"
        " --output {output.svg} > {log} 2>&1"


rule plot_sample_quality:
    input:
        script=here("scripts/plot_sample_quality.py"),
        code=sources("scripts/plot_sample_quality.py"),
        numbers=here("data/paper/numbers.csv"),
        data=data_of("{figure}"),
        quality=of_figure("{figure}", "results/{dataset}/metrics/quality.csv"),
    output:
        svg="results/figures/{figure,F3_sample_quality|F5_sample_quality|F6_sample_quality}.svg",
        png="results/figures/{figure,F3_sample_quality|F5_sample_quality|F6_sample_quality}.png",
    log:
        "logs/plot_sample_quality/{figure}.log",
    benchmark:
        "benchmarks/results/plot_sample_quality/{figure}.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: 1
    resources:
        mem_mb=growing(1500),
    message:
        "Drawing the sample quality ({wildcards.figure})"
    shell:
        "python {input.script} --paper {input.numbers} --data {input.data}"
        " --quality {input.quality} --output {output.svg} > {log} 2>&1"


rule plot_letters:
    input:
        script=here("scripts/plot_letters.py"),
        code=sources("scripts/plot_letters.py"),
        numbers=here("data/paper/numbers.csv"),
        data=data_of("F4_letters"),
        quality=of_figure("F4_letters", "results/{dataset}/metrics/quality.csv"),
        samples=per_model("results/{dataset}/samples/{model}.parquet", "F4_letters"),
    output:
        svg=expand("results/figures/{panel}.svg", panel=F4_PANELS),
        png=expand("results/figures/{panel}.png", panel=F4_PANELS),
    log:
        "logs/plot_letters.log",
    benchmark:
        "benchmarks/results/plot_letters.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: 1
    resources:
        mem_mb=growing(1500),
    params:
        samples=per_model("{model}=results/{dataset}/samples/{model}.parquet", "F4_letters"),
    message:
        "Drawing the samples of a table feature by feature (F4a-e)"
    shell:
        "python {input.script} --paper {input.numbers} --data {input.data}"
        " --quality {input.quality} --samples {params.samples}"
        " --output results/figures > {log} 2>&1"


rule plot_efficiency:
    input:
        script=here("scripts/plot_efficiency.py"),
        code=sources("scripts/plot_efficiency.py"),
        data=data_of("{figure}"),
        efficiency=of_figure("{figure}", "results/{dataset}/metrics/efficiency.csv"),
    output:
        svg="results/figures/{figure,F10_efficiency|F11_efficiency|F12_efficiency}.svg",
        png="results/figures/{figure,F10_efficiency|F11_efficiency|F12_efficiency}.png",
    log:
        "logs/plot_efficiency/{figure}.log",
    benchmark:
        "benchmarks/results/plot_efficiency/{figure}.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: 1
    resources:
        mem_mb=growing(1500),
    message:
        "Drawing the sampling time ({wildcards.figure})"
    shell:
        "python {input.script} --data {input.data} --efficiency {input.efficiency}"
        " --output {output.svg} > {log} 2>&1"


rule plot_image_transmutation:
    input:
        script=here("scripts/plot_image_transmutation.py"),
        code=sources("scripts/plot_image_transmutation.py"),
        data=data_of("{figure}"),
        hybrids=of_figure("{figure}", "results/{dataset}/samples/hybrids.parquet"),
        transmutation=of_figure("{figure}", "results/{dataset}/samples/transmutation.parquet"),
    output:
        svg="results/figures/{figure,F13_hybrids_transmutation|F23_hybrids_transmutation}.svg",
        png="results/figures/{figure,F13_hybrids_transmutation|F23_hybrids_transmutation}.png",
    log:
        "logs/plot_image_transmutation/{figure}.log",
    benchmark:
        "benchmarks/results/plot_image_transmutation/{figure}.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: 1
    resources:
        mem_mb=growing(1500),
    message:
        "Drawing hybrids and transmutation of images ({wildcards.figure})"
    shell:
        "python {input.script} --data {input.data} --hybrids {input.hybrids}"
        " --transmutation {input.transmutation} --output {output.svg} > {log} 2>&1"


rule plot_table_transmutation:
    input:
        script=here("scripts/plot_table_transmutation.py"),
        code=sources("scripts/plot_table_transmutation.py"),
        data=data_of("F15_hybrids_transmutation"),
        hybrids=of_figure("F15_hybrids_transmutation", "results/{dataset}/samples/hybrids.parquet"),
        transmutation=of_figure(
            "F15_hybrids_transmutation", "results/{dataset}/samples/transmutation.parquet"
        ),
    output:
        svg=expand("results/figures/{panel}.svg", panel=F15_PANELS),
        png=expand("results/figures/{panel}.png", panel=F15_PANELS),
    log:
        "logs/plot_table_transmutation.log",
    benchmark:
        "benchmarks/results/plot_table_transmutation.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: 1
    resources:
        mem_mb=growing(1500),
    message:
        "Drawing hybrids and transmutation of a table (F15a-c)"
    shell:
        "python {input.script} --data {input.data} --hybrids {input.hybrids}"
        " --transmutation {input.transmutation} --output results/figures > {log} 2>&1"


rule plot_similarities:
    input:
        script=here("scripts/plot_similarities.py"),
        code=sources("scripts/plot_similarities.py"),
        data=data_of("F22_similarities"),
        tree=of_figure("F22_similarities", "results/{dataset}/tree/tree.json"),
    output:
        svg="results/figures/F22_similarities.svg",
        png="results/figures/F22_similarities.png",
    log:
        "logs/plot_similarities.log",
    benchmark:
        "benchmarks/results/plot_similarities.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: 1
    resources:
        mem_mb=growing(1500),
    params:
        settings=figure_section("F22_similarities"),
    message:
        "Drawing similarities at a branch point (F22)"
    shell:
        "python {input.script} --data {input.data} --tree {input.tree}"
        " --settings {params.settings:q} --output {output.svg} > {log} 2>&1"


rule plot_class_extension:
    input:
        script=here("scripts/plot_class_extension.py"),
        code=sources("scripts/plot_class_extension.py"),
        numbers=here("data/paper/numbers.csv"),
        data=data_of("{figure}"),
        quality=stage_files("results/{dataset}/metrics/quality.csv"),
        samples=stage_files("results/{dataset}/samples/{model}.parquet"),
        kept=stage_files("results/{dataset}/metrics/kept_branched.csv"),
    output:
        svg="results/figures/{figure,F7_class_extension|F8_class_extension_steps|F9_class_extension}.svg",
        png="results/figures/{figure,F7_class_extension|F8_class_extension_steps|F9_class_extension}.png",
    log:
        "logs/plot_class_extension/{figure}.log",
    benchmark:
        "benchmarks/results/plot_class_extension/{figure}.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: 1
    resources:
        mem_mb=growing(1500),
    params:
        stages=stage_files("results/{dataset}"),
    message:
        "Drawing classes added to a model ({wildcards.figure})"
    shell:
        "python {input.script} --paper {input.numbers} --data {input.data} --stages {params.stages}"
        " --output {output.svg} > {log} 2>&1"


rule plot_leave_one_out:
    input:
        script=here("scripts/plot_leave_one_out.py"),
        code=sources("scripts/plot_leave_one_out.py"),
        data=data_of("F8b_leave_one_out"),
        full=of_figure("F8b_leave_one_out", "results/{dataset}/metrics/quality.csv"),
        added=of_experiment(
            "F8b_leave_one_out", derived.added, "results/{dataset}/metrics/quality.csv"
        ),
    output:
        svg="results/figures/F8b_leave_one_out.svg",
        png="results/figures/F8b_leave_one_out.png",
    log:
        "logs/plot_leave_one_out.log",
    benchmark:
        "benchmarks/results/plot_leave_one_out.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: 1
    resources:
        mem_mb=growing(1500),
    params:
        settings=figure_section("F8b_leave_one_out"),
        added=of_experiment(
            "F8b_leave_one_out",
            derived.added,
            "{item}=results/{dataset}/metrics/quality.csv",
        ),
    message:
        "Drawing each class added to a model of all others"
    shell:
        "python {input.script} --data {input.data} --full {input.full} --added {params.added:q}"
        " --settings {params.settings:q} --output {output.svg} > {log} 2>&1"


rule plot_transmutation_control:
    input:
        script=here("scripts/plot_transmutation_control.py"),
        code=sources("scripts/plot_transmutation_control.py"),
        data=data_of("{figure}"),
        curve=of_figure("{figure}", "results/{dataset}/metrics/control.csv"),
        branched=of_figure("{figure}", "results/{dataset}/samples/control_branched.parquet"),
        linear=of_figure("{figure}", "results/{dataset}/samples/control_linear.parquet"),
    output:
        svg="results/figures/{figure,F14_transmutation_control|F14b_transmutation_control}.svg",
        png="results/figures/{figure,F14_transmutation_control|F14b_transmutation_control}.png",
    log:
        "logs/plot_transmutation_control/{figure}.log",
    benchmark:
        "benchmarks/results/plot_transmutation_control/{figure}.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: 1
    resources:
        mem_mb=growing(1500),
    params:
        strips=control_strips,
    message:
        "Drawing transmutation over noise levels ({wildcards.figure})"
    shell:
        "python {input.script} --data {input.data} --curve {input.curve} {params.strips}"
        " --output {output.svg} > {log} 2>&1"


rule plot_hybrids:
    input:
        script=here("scripts/plot_hybrids.py"),
        code=sources("scripts/plot_hybrids.py"),
        data=data_of("F16_hybrids"),
        hybrids=of_figure("F16_hybrids", "results/{dataset}/samples/hybrids.parquet"),
    output:
        svg=expand("results/figures/{panel}.svg", panel=hybrid_panels()),
        png=expand("results/figures/{panel}.png", panel=hybrid_panels()),
    log:
        "logs/plot_hybrids.log",
    benchmark:
        "benchmarks/results/plot_hybrids.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: 1
    resources:
        mem_mb=growing(1500),
    message:
        "Drawing hybrids of less similar classes (F16)"
    shell:
        "python {input.script} --data {input.data} --hybrids {input.hybrids}"
        " --output {output.svg} > {log} 2>&1"


rule plot_expression:
    input:
        **{name: of_figure("F5b_expression", path) for name, path in CELLS.items()},
        script=here("scripts/plot_expression.py"),
        code=sources("scripts/plot_expression.py"),
        quality=of_figure("F5b_expression", "results/{dataset}/metrics/expression.csv"),
        samples=per_model("results/{dataset}/samples/{model}.parquet", "F5b_expression"),
    output:
        svg="results/figures/F5b_expression.svg",
        png="results/figures/F5b_expression.png",
    log:
        "logs/plot_expression.log",
    benchmark:
        "benchmarks/results/plot_expression.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: 1
    resources:
        mem_mb=growing(3000),
    params:
        samples=per_model("{model}=results/{dataset}/samples/{model}.parquet", "F5b_expression"),
        autoencoder=of_figure("F5b_expression", "results/{dataset}/autoencoder"),
    message:
        "Drawing the expression of generated cells (F5b)"
    shell:
        "python {input.script} --data {input.data} --latent {input.latent}"
        " --autoencoder {params.autoencoder} --samples {params.samples}"
        " --quality {input.quality} --output {output.svg} > {log} 2>&1"


rule plot_cell_transmutation:
    input:
        **{name: of_figure("F17_cell_transmutation", path) for name, path in CELLS.items()},
        script=here("scripts/plot_cell_transmutation.py"),
        code=sources("scripts/plot_cell_transmutation.py"),
        genes=of_figure(
            "F17_cell_transmutation", "results/{dataset}/metrics/cell_transmutation.csv"
        ),
        branched=of_figure(
            "F17_cell_transmutation", "results/{dataset}/samples/control_branched.parquet"
        ),
        linear=of_figure(
            "F17_cell_transmutation", "results/{dataset}/samples/control_linear.parquet"
        ),
    output:
        svg=expand("results/figures/{panel}.svg", panel=cell_panels()),
        png=expand("results/figures/{panel}.png", panel=cell_panels()),
    log:
        "logs/plot_cell_transmutation.log",
    benchmark:
        "benchmarks/results/plot_cell_transmutation.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: 1
    resources:
        mem_mb=growing(3000),
    params:
        autoencoder=of_figure("F17_cell_transmutation", "results/{dataset}/autoencoder"),
    message:
        "Drawing the transmutation of cells (F17)"
    shell:
        "python {input.script} --data {input.data} --latent {input.latent}"
        " --autoencoder {params.autoencoder} --genes {input.genes}"
        " --transmutation branched={input.branched} linear={input.linear}"
        " --output results/figures > {log} 2>&1"


rule plot_molecules:
    input:
        script=here("scripts/plot_molecules.py"),
        code=sources("scripts/plot_molecules.py"),
        data=data_of("F18_molecules"),
        samples=of_figure("F18_molecules", "results/{dataset}/samples/branched.parquet"),
        transmutation=of_figure(
            "F18_molecules", "results/{dataset}/samples/control_branched.parquet"
        ),
    output:
        svg="results/figures/F18_molecules.svg",
        png="results/figures/F18_molecules.png",
    log:
        "logs/plot_molecules.log",
    benchmark:
        "benchmarks/results/plot_molecules.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: 1
    resources:
        mem_mb=growing(1500),
    params:
        settings=figure_section("F18_molecules"),
    message:
        "Drawing molecules before and after transmutation (F18)"
    shell:
        "python {input.script} --data {input.data} --samples {input.samples}"
        " --transmutation {input.transmutation} --settings {params.settings:q}"
        " --output {output.svg} > {log} 2>&1"


rule plot_molecule_transmutation:
    input:
        script=here("scripts/plot_molecule_transmutation.py"),
        code=sources("scripts/plot_molecule_transmutation.py"),
        numbers=here("data/paper/numbers.csv"),
        data=data_of("F19_molecule_transmutation"),
        quality=of_figure("F19_molecule_transmutation", "results/{dataset}/metrics/molecules.csv"),
        transmuted=of_figure(
            "F19_molecule_transmutation", "results/{dataset}/metrics/molecule_transmutation.csv"
        ),
        groups=of_figure(
            "F19_molecule_transmutation", "results/{dataset}/metrics/functional_groups.csv"
        ),
    output:
        svg=expand("results/figures/{panel}.svg", panel=F19_PANELS),
        png=expand("results/figures/{panel}.png", panel=F19_PANELS),
    log:
        "logs/plot_molecule_transmutation.log",
    benchmark:
        "benchmarks/results/plot_molecule_transmutation.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: 1
    resources:
        mem_mb=growing(1500),
    message:
        "Drawing what becomes of transmuted molecules (F19)"
    shell:
        "python {input.script} --paper {input.numbers} --data {input.data}"
        " --quality {input.quality} --transmuted {input.transmuted} --groups {input.groups}"
        " --output results/figures > {log} 2>&1"


rule plot_branch_stability:
    input:
        script=here("scripts/plot_branch_stability.py"),
        code=sources("scripts/plot_branch_stability.py"),
        data=data_of("F20_branch_stability"),
        trees=of_experiment(
            "F20_branch_stability", derived.draws, "results/{dataset}/tree/tree.json"
        ),
        quality=of_trained_experiment("F20_branch_stability", derived.draws),
        linear=linear_quality("F20_branch_stability"),
    output:
        svg="results/figures/F20_branch_stability.svg",
        png="results/figures/F20_branch_stability.png",
        distances="results/tables/F20_branch_score_distances.csv",
    log:
        "logs/plot_branch_stability.log",
    benchmark:
        "benchmarks/results/plot_branch_stability.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: 1
    resources:
        mem_mb=growing(1500),
    params:
        quality=option("--quality", of_trained_experiment("F20_branch_stability", derived.draws)),
        linear=option("--linear", linear_quality("F20_branch_stability")),
    message:
        "Drawing trees of independent draws of objects (F20)"
    shell:
        "python {input.script} --data {input.data} --tree {input.trees} {params.quality}"
        " {params.linear} --distances {output.distances} --output {output.svg} > {log} 2>&1"


rule plot_epsilon_sweep:
    input:
        script=here("scripts/plot_epsilon_sweep.py"),
        code=sources("scripts/plot_epsilon_sweep.py"),
        data=data_of("F21_epsilon_sweep"),
        trees=of_experiment(
            "F21_epsilon_sweep", derived.epsilons, "results/{dataset}/tree/tree.json"
        ),
        quality=of_trained_experiment("F21_epsilon_sweep", derived.epsilons),
    output:
        svg="results/figures/F21_epsilon_sweep.svg",
        png="results/figures/F21_epsilon_sweep.png",
    log:
        "logs/plot_epsilon_sweep.log",
    benchmark:
        "benchmarks/results/plot_epsilon_sweep.tsv"
    conda:
        "../../envs/bdiff.yaml"
    threads: 1
    resources:
        mem_mb=growing(1500),
    params:
        trees=of_experiment(
            "F21_epsilon_sweep", derived.epsilons, "{item}=results/{dataset}/tree/tree.json"
        ),
        quality=of_trained_experiment(
            "F21_epsilon_sweep", derived.epsilons, "{item}=results/{dataset}/metrics/quality.csv"
        ),
    message:
        "Drawing trees and quality over epsilon (F21)"
    shell:
        "python {input.script} --data {input.data} --tree {params.trees}"
        " --quality {params.quality} --output {output.svg} > {log} 2>&1"
