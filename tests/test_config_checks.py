"""What the checks of a configuration let through, and how few lines a wrong one gets."""

from itertools import combinations
from pathlib import Path

import pytest
import yaml

from bdiff.config import ConfigError, load_config
from bdiff.config.trees import SAMPLING_END


@pytest.fixture
def mapping():
    return yaml.safe_load((Path(__file__).parents[1] / "config.yaml").read_text())


def test_a_wrong_entry_does_not_make_its_list_too_short(mapping):
    mapping["run"] = [5]
    with pytest.raises(ConfigError) as raised:
        load_config(mapping)
    (error,) = raised.value.errors
    assert error.startswith('run.0: found 5; should be text; quote it: "5"')


def test_a_class_may_stand_in_several_pairs_in_any_order(mapping):
    mnist = mapping["datasets"]["mnist"]
    mnist["hybrids"]["pairs"] = [["4", "9"], ["7", "9"]]
    mnist["transmutation"]["pairs"] = [["9", "7"], ["4", "9"]]
    load_config(mapping)


def test_a_figure_has_a_panel_for_each_pair_from_a_to_z(mapping):
    pairs = [list(pair) for pair in combinations("ABCDEFGH", 2)]
    hybrids = mapping["datasets"]["letters"]["hybrids"]
    hybrids["pairs"] = pairs[:26]
    load_config(mapping)
    hybrids["pairs"] = pairs[:27]
    with pytest.raises(ConfigError) as raised:
        load_config(mapping)
    (error,) = raised.value.errors
    assert "hybrids of 27 pairs, but the figure has at most 26 panels" in error


def test_whole_numbers_with_an_exponent(mapping):
    """YAML 1.1 reads 5e3 as text."""
    mapping["datasets"]["mnist"]["training"]["branched"]["steps"] = yaml.safe_load("5e3")
    steps = load_config(mapping).datasets["mnist"].training.branched.steps
    assert (steps, type(steps)) == (5000, int)


def test_sampling_ends_where_the_configuration_says():
    from bdiff.process import VP

    assert VP().first_time == SAMPLING_END


def test_solvers_and_their_options_are_those_of_the_library():
    from inspect import signature
    from typing import get_args

    from bdiff.config import sampling
    from bdiff.sampling.grids import BRANCH_TIMES, GRIDS
    from bdiff.sampling.sampler import BEGINS
    from bdiff.sampling.solvers.build import COMMON, SOLVERS

    allowed = {}
    for kind in get_args(get_args(sampling.Solver)[0]):
        options = set(kind.model_fields) - {"name", *COMMON}
        allowed |= dict.fromkeys(get_args(kind.model_fields["name"].annotation), options)
    assert set(allowed) == set(SOLVERS)
    for name, options in allowed.items():
        assert options == set(signature(SOLVERS[name]).parameters)
    fields = sampling.Stepped.model_fields
    assert get_args(fields["grid"].annotation) == tuple(GRIDS)
    assert get_args(fields["begin"].annotation) == BEGINS
    assert get_args(fields["branch_times"].annotation) == BRANCH_TIMES


def test_solvers_for_discrete_time_are_those_of_the_library():
    from typing import get_args

    from bdiff.config import sampling
    from bdiff.sampling.solvers.build import COMMON, solver_from

    common = {"name", *COMMON}
    for kind in get_args(get_args(sampling.Solver)[0]):
        for name in get_args(kind.model_fields["name"].annotation):
            steps = {"steps": 5} if "steps" in kind.model_fields else {}
            for more in ({}, {"churn": 0.1}) if "churn" in kind.model_fields else ({},):
                section = kind(name=name, **steps, **more)
                solver = solver_from(name, **section.model_dump(exclude=common))
                assert sampling.is_discrete(section) == (not solver.continuous), name


def test_classes_that_only_the_file_knows_are_not_checked(mapping):
    """Only the file knows its classes: what is added to a model cannot be told from a mistake."""
    mapping["datasets"]["letters"] |= {
        "data": {"source": "file", "path": "mine.csv"},
        "extension": mapping["datasets"]["mnist"]["extension"],
    }
    load_config(mapping)
