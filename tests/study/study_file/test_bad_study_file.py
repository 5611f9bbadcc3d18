"""Whatever is wrong, one line says where, which rule, what came, and the choices or the cure."""

from __future__ import annotations

import pytest

from search_spaces import InputError
from study.engine.built_in import BUILT_IN_NETWORKS, BUILT_IN_TASKS
from study.study_file import StudyConfig, load_study_file

LINES = {
    "study": "study: s",
    "task": "task: digits",
    "network": "network: mlp",
    "hyperparameters": "hyperparameters: {depth: [2, 4]}",
    "steps": "steps: 10",
    "trials": "trials: 4",
}
KEYS = ", ".join(sorted(StudyConfig.model_fields))
TASKS, NETWORKS = (", ".join(sorted(names)) for names in (BUILT_IN_TASKS, BUILT_IN_NETWORKS))
NAME = "must be 1 to 100 letters, digits, '-', '_' or '.', not beginning with '.'"
GPUS = "must be 0, a fraction of one GPU or a whole number of them"


def text(**changes):
    """A good file with some lines replaced, added, or (None) left out."""
    lines = {**LINES, **changes}
    return "".join(f"{line}\n" for line in lines.values() if line is not None)


def error_of(content):
    with pytest.raises(InputError) as caught:
        StudyConfig.from_text(content, file="study.yaml")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_unchanged_file_is_good():
    assert StudyConfig.from_text(text()).trials == 4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"more": "step: 3"}, f"step: unknown key 'step'; did you mean 'steps'? known: {KEYS}"),
        (
            {"steps": "stpes: 10"},
            f"stpes: unknown key 'stpes'; did you mean 'steps'? known: {KEYS}",
        ),
        # A mistyped key without a value was passed over in silence.
        ({"more": "seeed:"}, f"seeed: unknown key 'seeed'; did you mean 'seed'? known: {KEYS}"),
        (
            {"more": "resources: {devices: }"},
            "resources.devices: unknown key 'devices'; did you mean 'device'? "
            "known: checkpoint_minutes, cohort_minutes, cpus_per_worker, custom_resources, "
            "device, gpus_per_worker, labels, max_retries, workers",
        ),
        ({"study": None}, "study: is required; for example `study: my-study`"),
        ({"task": None}, "task: is required; for example `task: digits`"),
        ({"network": "network:"}, "network: is required; for example `network: mlp`"),
        ({"steps": None}, "steps: is required; for example `steps: 200`"),
        (
            {"hyperparameters": None},
            "hyperparameters: is required; for example `hyperparameters: {depth: [2, 8, 32]}`",
        ),
        (
            {"trials": None},
            "trials: is required, except for sampler grid; for example `trials: 512`",
        ),
        ({"trials": "trials: 0"}, "trials: must be an integer >= 1, but got 0"),
        ({"trials": "trials: many"}, "trials: must be an integer >= 1, but got 'many'"),
        ({"trials": "trials: 1.5"}, "trials: must be an integer >= 1, but got 1.5"),
        ({"trials": "trials: yes"}, "trials: must be an integer >= 1, but got true"),
        ({"trials": "trials: [4]"}, "trials: must be an integer >= 1, but got [4]"),
        ({"steps": "steps: 0"}, "steps: must be an integer >= 1, but got 0"),
        ({"more": "seeds: 0"}, "seeds: must be an integer >= 1, but got 0"),
        (
            {"more": "tracking: {runs: sample}"},
            "tracking.runs: unknown runs 'sample'; did you mean 'sampled'? known: all, sampled",
        ),
        ({"more": "seed: -1"}, "seed: must be an integer >= 0, but got -1"),
        ({"study": "study: a/b"}, f"study: {NAME}, but got 'a/b'"),
        ({"study": "study: ../b"}, f"study: {NAME}, but got '../b'"),
        ({"study": "study: .hidden"}, f"study: {NAME}, but got '.hidden'"),
        ({"study": "study: a b"}, f"study: {NAME}, but got 'a b'"),
        ({"study": 'study: "a\\n"'}, f"study: {NAME}, but got 'a\\n'"),
        ({"study": 'study: ""'}, f"study: {NAME}, but got ''"),
        ({"study": f"study: {'a' * 101}"}, f"study: {NAME}, but got '{'a' * 76}..."),
        # Pydantic takes bytes for text where it is not strict.
        ({"study": "study: !!binary eA=="}, "study: must be text, but got b'x'; put it in quotes"),
        ({"study": "study: 7"}, "study: must be text, but got 7; put it in quotes"),
        (
            {"task": "task: digit"},
            f"task: unknown task 'digit'; did you mean 'digits'? known: {TASKS}; "
            "your own is written package.module:function",
        ),
        (
            {"network": "network: mpl"},
            f"network: unknown network 'mpl'; did you mean 'mlp'? known: {NETWORKS}; "
            "your own is written package.module:factory",
        ),
        (
            {"network": "network: [rnn, lsmt]"},
            f"network: unknown network 'lsmt'; did you mean 'lstm'? known: {NETWORKS}",
        ),
        (
            {"network": "network: [rnn, own:net]"},
            "network: a list of networks takes built-in ones; one of your own stands alone, but "
            "got 'own:net'",
        ),
        (
            {"network": "network: [rnn, rnn]"},
            "network: values of a list must differ, but 'rnn' stands twice",
        ),
        ({"network": "network: []"}, "network: a list needs at least one value, but got []"),
        (
            {"task": "task: ../tasks.py:make"},
            "task: your own task is written package.module:function, but got '../tasks.py:make'",
        ),
        (
            {"network": "network: pkg.net:a-b"},
            "network: your own network is written package.module:factory, but got 'pkg.net:a-b'",
        ),
        (
            {"network": "network: mine.py:build"},
            "network: your own network is written without .py, mine:build, but got "
            "'mine.py:build'",
        ),
        (
            {"more": "statistics: ful"},
            "statistics: unknown statistics 'ful'; did you mean 'full'? "
            "known: full, minimal, standard",
        ),
        (
            {"more": "sharpness_steps: {evry: 50}"},
            "sharpness_steps: must be a list of steps from 0 on, or every so many, as "
            "{every: 50}, but got {'evry': 50}",
        ),
        (
            {"steps": "steps: 60", "more": "sharpness_steps: [0, 70]"},
            "sharpness_steps: must lie below steps, which is 60, but got 70",
        ),
        (
            {"more": "sampler: qcm"},
            "sampler: unknown sampler 'qcm'; did you mean 'qmc'? "
            "known: boundary, grid, qmc, random, tpe",
        ),
        (
            {"more": "resources: 4"},
            "resources: must be a mapping of workers, cpus_per_worker, gpus_per_worker, device, "
            "custom_resources, labels, checkpoint_minutes, cohort_minutes, max_retries, but got 4",
        ),
        (
            {"more": "resources: {gpus_worker: 1}"},
            "resources.gpus_worker: unknown key 'gpus_worker'; did you mean 'gpus_per_worker'? "
            "known: checkpoint_minutes, cohort_minutes, cpus_per_worker, custom_resources, "
            "device, gpus_per_worker, labels, max_retries, workers",
        ),
        (
            {"more": "resources: {device: gpu}"},
            "resources.device: must be cpu or cuda, but got 'gpu'",
        ),
        (
            {"more": "resources: {device: cuda}"},
            "resources.device: workers train on cuda only with GPUs of their own, but "
            "gpus_per_worker is 0; for example `gpus_per_worker: 0.25`",
        ),
        (
            {"more": "resources: {custom_resources: rack}"},
            "resources.custom_resources: must be a mapping of names to amounts, but got 'rack'",
        ),
        (
            {"more": "resources: {custom_resources: {GPU: 1}}"},
            "resources.custom_resources: GPU is no custom resource; use gpus_per_worker",
        ),
        (
            {"more": "resources: {custom_resources: {memory: 1}}"},
            "resources.custom_resources: a custom resource must have a name of its own, but got "
            "'memory'",
        ),
        (
            {"more": "resources: {custom_resources: {rack: 0}}"},
            "resources.custom_resources.rack: must be a number > 0, but got 0",
        ),
        (
            {"more": "resources: {labels: [zone]}"},
            "resources.labels: must be a mapping of keys to values, but got ['zone']",
        ),
        (
            {"more": "resources: {labels: {my zone: a}}"},
            "resources.labels: a label's key must be letters, digits, '-', '_' and '.', after a "
            "prefix and '/' or alone, such as zone or ray.io/accelerator-type, but got 'my zone'",
        ),
        (
            {"more": "resources: {labels: {zone: 'in('}}"},
            "resources.labels.zone: must be a label such as A100, or '!spot', 'in(A100, H100)', "
            "'!in(A100, H100)' in quotes, but got 'in('",
        ),
        (
            {"more": "resources: {workers: all}"},
            "resources.workers: must be auto or an integer >= 1, but got 'all'",
        ),
        (
            {"more": "resources: {cpus_per_worker: 0}"},
            "resources.cpus_per_worker: must be an integer >= 1, but got 0",
        ),
        (
            {"more": "resources: {gpus_per_worker: 1.5}"},
            f"resources.gpus_per_worker: {GPUS}, but got 1.5",
        ),
        (
            {"more": "resources: {gpus_per_worker: -1}"},
            f"resources.gpus_per_worker: {GPUS}, but got -1",
        ),
        (
            {"more": f"resources: {{workers: {2**63}}}"},
            f"resources.workers: must be auto or an integer >= 1, but got {2**63}",
        ),
        (
            {"more": "resources: {labels: {zone: 1.5}}"},
            "resources.labels.zone: must be text, but got 1.5; put it in quotes",
        ),
        (
            {"more": "stop_when: {map_change: 0.1, every: 8}"},
            "stop_when.every: must be an integer >= 16, but got 8",
        ),
        ({"more": "storage: 5"}, "storage: must be text, but got 5; put it in quotes"),
        (
            {"more": "thresholds: 5"},
            "thresholds: must be a mapping of names to numbers, but got 5",
        ),
        (
            {"more": "thresholds: {stalled: low}"},
            "thresholds.stalled: must be a finite number, but got 'low'",
        ),
        (
            {"hyperparameters": "hyperparameters: [depth]"},
            "hyperparameters: must be a mapping of names to values, but got ['depth']",
        ),
        (
            {"hyperparameters": "hyperparameters: {depth: 0}"},
            "hyperparameters.depth: must be an integer >= 1, but got 0",
        ),
        (
            {"hyperparameters": "hyperparameters: {momentum: 1.5}"},
            "hyperparameters.momentum: must be a number >= 0 and < 1, but got 1.5",
        ),
        (
            {"hyperparameters": "hyperparameters: {loss_final: 1}", "network": "network: a:b"},
            "hyperparameters.loss_final: 'loss_final' is a column of the trials table; "
            "choose another name",
        ),
    ],
)
def test_bad_keys_and_values(changes, message):
    assert error_of(text(**changes)) == f"study.yaml: {message}"


def test_unknown_activation_suggests_the_nearest():
    message = error_of(text(hyperparameters="hyperparameters: {activation: [tanh, rleu]}"))
    assert message.startswith(
        "study.yaml: hyperparameters.activation: unknown activation 'rleu'; did you mean 'relu'? "
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "must be a mapping of keys to values, but got nothing"),
        ("- study", "must be a mapping of keys to values, but got ['study']"),
        (
            "study: [a",
            "broken YAML: expected ',' or ']', but got '<stream end>' (line 1, column 10)",
        ),
        (
            "study: a\ntask: b: c",
            "broken YAML: mapping values are not allowed here (line 2, column 8)",
        ),
        ("study: a\nstudy: b", "study: stands twice: line 1, column 1 and line 2, column 1"),
        (
            "hyperparameters: {depth: 1, depth: 2}",
            "depth: stands twice: line 1, column 19 and line 1, column 29",
        ),
        ("7: a", "keys must be text, but got 7 (line 1, column 1); put it in quotes"),
        ("a: &x [*x]", "aliases (*name) are not allowed in a study file (line 1, column 8)"),
    ],
)
def test_broken_yaml(content, message):
    assert error_of(content) == f"study.yaml: {message}"


@pytest.mark.parametrize("content", ["a: \x00", "[" * 5000, "!!python/object:os.system {}"])
def test_hostile_yaml(content):
    assert error_of(content).startswith("study.yaml: broken YAML: ")


class TestPaths:
    def test_missing(self, tmp_path):
        path = tmp_path / "study.yaml"
        with pytest.raises(InputError) as caught:
            load_study_file(path)
        assert str(caught.value) == f"{path}: no such file; `gradscape init` writes a study file"

    def test_folder(self, tmp_path):
        with pytest.raises(InputError) as caught:
            load_study_file(tmp_path)
        assert str(caught.value) == f"{tmp_path}: must be a study file, but is a folder"

    def test_binary(self, tmp_path):
        path = tmp_path / "study.yaml"
        path.write_bytes(b"study: \xff")
        with pytest.raises(InputError) as caught:
            load_study_file(path)
        assert str(caught.value) == f"{path}: must be UTF-8 text, but byte 7 is not"

    def test_below_a_file(self, tmp_path):
        (tmp_path / "file").write_text("")
        path = tmp_path / "file" / "study.yaml"
        with pytest.raises(InputError) as caught:
            load_study_file(path)
        assert str(caught.value) == f"{path}: cannot be read: Not a directory"
