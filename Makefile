# gradscape's commands; each sets up .venv first if it has to.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
PYTHON ?= python3
HOME_FOLDER := gradscape
# Four processes for two cores: many tests wait for a server, a cluster or a browser to start. Fast
# ones hardly do, and each process imports and collects everything, 20 s of a core.
TWO_CORES := --dist loadfile --no-loadscope-reorder

# Ray's workers and jobs are processes of their own: compiling each module again takes a tenth of them.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast lint check format docs bench clean

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints.txt --editable '.[dev]'
	$(BIN)/python -m study.engine.fused
	touch $@

demo: $(READY)  ## run a real study of 1,200 trials and write its report
	$(BIN)/gradscape run study/presets/digits-mlp.yaml --home $(HOME_FOLDER)

test: $(READY)  ## run all tests, slow ones included, on two cores
	$(BIN)/python -m pytest --numprocesses 4 $(TWO_CORES)

test-fast: $(READY)  ## run the tests that take a few minutes
	$(BIN)/python -m pytest --numprocesses 3 $(TWO_CORES) -m "not slow"

lint: $(READY)  ## check format, style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

check: lint test-fast  ## what every commit passes: lint, types, fast tests

format: $(READY)  ## rewrite files in the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(READY)  ## write the reference pages that are made from the code
	$(BIN)/python docs/generate.py

bench: $(READY)  ## measure throughput against the hand-written stack
	$(BIN)/python benchmarks/throughput.py

clean:  ## remove what make made, results excepted
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache .mypy_cache
