"""Changes of the tiny configuration, and the jobs that each of them makes necessary."""

# Everything that shows the quality of the digits' models.
OF_DIGITS_QUALITY = {
    "evaluate": 1,
    "summarise_quality": 1,
    "plot_sample_quality": 1,
    "plot_leave_one_out": 1,  # beside the model of all classes
    "make_tables": 1,
}
OF_MODELS = {
    # The digits' two, their first classes' two, that without a class, the letters', and two each
    # of cells and molecules.
    "train": 10,
    "extend": 5,
    "sample": 15,  # the label-guided model of digits also with guidance
    "sample_hybrids": 2,
    "transmute": 2,
    "compare_transmutation": 3,
    "measure_efficiency": 1,
    "evaluate": 6,
    "evaluate_expression": 1,
    "evaluate_cell_transmutation": 1,
    "evaluate_molecules": 1,
    "summarise_quality": 1,
    "plot_examples": 1,
    "plot_sample_quality": 1,
    "plot_letters": 1,
    "plot_class_extension": 1,
    "plot_leave_one_out": 1,
    "plot_efficiency": 1,
    "plot_image_transmutation": 1,
    "plot_transmutation_control": 1,
    "plot_table_transmutation": 1,
    "plot_hybrids": 1,
    "plot_expression": 1,
    "plot_cell_transmutation": 1,
    "plot_molecules": 1,
    "plot_molecule_transmutation": 1,
    "make_tables": 1,
}
OF_CELLS = {
    "train": 2,
    "sample": 2,
    "compare_transmutation": 1,
    "evaluate": 1,
    "evaluate_expression": 1,
    "evaluate_cell_transmutation": 1,
    "summarise_quality": 1,
    "plot_expression": 1,
    "plot_cell_transmutation": 1,
    "make_tables": 1,
}
OF_TREES = {"plot_branched_process": 1, "plot_similarities": 1}

EDITS = {
    "datasets.digits.samples.count": (9, OF_DIGITS_QUALITY | {"sample": 3, "plot_examples": 1}),
    "datasets.digits.metrics.count": (
        7,
        OF_DIGITS_QUALITY | {"sample": 2, "evaluate": 2},  # as many of the class that is added
    ),
    "datasets.digits.training.linear.steps": (
        31,
        OF_DIGITS_QUALITY
        | {
            "train": 1,
            "sample": 2,
            "compare_transmutation": 1,
            "measure_efficiency": 1,
            "plot_efficiency": 1,
            "plot_examples": 1,
            "plot_transmutation_control": 1,
        },
    ),
    "datasets.letters_avy.hybrids.count": (
        9,
        {"sample_hybrids": 1, "plot_table_transmutation": 1, "plot_hybrids": 1},
    ),
    "datasets.letters_avy.process.beta_max": (
        0.03,
        {
            "train": 1,
            "sample": 1,
            "sample_hybrids": 1,
            "transmute": 1,
            "evaluate": 1,
            "summarise_quality": 1,
            "plot_letters": 1,
            "plot_table_transmutation": 1,
            "plot_hybrids": 1,
            "make_tables": 1,
        },
    ),
    "datasets.cells.autoencoder.steps": (51, OF_CELLS | {"fit_autoencoder": 1, "estimate_tree": 1}),
    "datasets.molecules.control.times": (
        [0.3],
        {
            "compare_transmutation": 1,
            "evaluate_molecules": 1,
            "plot_molecules": 1,
            "plot_molecule_transmutation": 1,
            "make_tables": 1,
        },
    ),
    "datasets.digits.efficiency.repeats": (
        3,
        {"measure_efficiency": 1, "plot_efficiency": 1, "make_tables": 1},
    ),
    "datasets.digits.extension.added.linear_new.steps": (
        6,
        {"extend": 1, "sample": 1, "evaluate": 1, "plot_class_extension": 1, "make_tables": 1},
    ),
    "datasets.digits.leave_one_out.added.steps": (
        6,
        {"extend": 2, "sample": 2, "evaluate": 1, "plot_leave_one_out": 1},
    ),
    "datasets.digits.control.times": (
        [0.6, 0.7],
        {"compare_transmutation": 1, "plot_transmutation_control": 1},
    ),
    "datasets.digits.stability.training": (
        {"steps": 5},
        {"train": 3, "sample": 3, "evaluate": 3, "plot_branch_stability": 1},
    ),
    "datasets.digits.epsilon_sweep.epsilons": (
        [0.02, 0.2],
        {"estimate_tree": 1, "plot_epsilon_sweep": 1},
    ),
    "datasets.digits.epsilon_sweep.training": (
        {"steps": 5},
        {"train": 2, "sample": 2, "evaluate": 2, "plot_epsilon_sweep": 1},
    ),
    # Label-guided models do not depend on the tree; models without a class, or of the first ones,
    # have the same settings for theirs.
    "datasets.digits.tree.smoothing": (
        4,
        OF_DIGITS_QUALITY
        | OF_TREES
        | {
            "estimate_tree": 3,
            "train": 3,
            "extend": 3,
            "sample": 5,
            "sample_hybrids": 1,
            "transmute": 1,
            "compare_transmutation": 1,
            "measure_efficiency": 1,
            "evaluate": 4,
            "plot_examples": 1,
            "plot_efficiency": 1,
            "plot_class_extension": 1,
            "plot_image_transmutation": 1,
            "plot_transmutation_control": 1,
        },
    ),
    "datasets.digits.comparison.draws": (3, {"compare_estimators": 1, "make_tables": 1}),
    "figures.F22_similarities.objects": (21, {"plot_similarities": 1}),
    "datasets.mnist.samples.count": (2000, {}),
    "figures.F6_sample_quality.dataset": ("fashion_mnist", {}),
    "seed": (
        1,
        {
            "fit_autoencoder": 1,
            "estimate_tree": 11,
            "compare_estimators": 1,
            "plot_branch_stability": 1,
            "plot_epsilon_sweep": 1,
        }
        | OF_MODELS
        | OF_TREES,
    ),
}
