# Every target makes .venv by itself when it is missing: Python >= 3.11, make and git are all that is needed.
PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= 4
# More processes than two cores, because most tests wait for programs that they start. A file is run by one process, which
# makes once what its tests share; tests/conftest.py orders the files.
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
# They start hundreds of programs, each of which would compile the project's modules again.
test test-long test-all test-containers fuzz: export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help install sweep repro test test-long test-all test-containers fuzz lint docs lock clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/make \1@\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F@ '{ printf "%-16s%s\n", $$1, $$2 }'

install: .venv/ready ## .venv with everything in it; the other targets do it, too, where it is missing

sweep: .venv/ready ## a real search on the embedded data
	$(BIN)/python -m src.prepare
	$(BIN)/python -m src.train -m hydra/sweeper=optuna

repro: .venv/ready ## the pipeline of dvc.yaml, from the data to a decision
	PATH="$(CURDIR)/$(BIN):$$PATH" dvc repro

test: .venv/ready ## the tests, without those that take minutes each
	$(PYTEST) -m "not slow"

test-long: .venv/ready ## the tests that take minutes each: chaos, outages, killed searches and pipelines, other environments
	$(PYTEST) -m slow

test-all: .venv/ready ## all tests
	$(PYTEST)

test-containers: .venv/ready ## the images and docker-compose.yml in real containers, as root with podman (CONTRIBUTING.md)
	CONTAINERS=1 $(BIN)/python -m pytest tests/containers

fuzz: .venv/ready ## the tests with random inputs, ten minutes each (FUZZ_SECONDS=… for another time)
	FUZZ_SECONDS=$(or $(FUZZ_SECONDS),600) $(PYTEST) -m fuzz -rP

lint: .venv/ready ## style, types and which package may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32 src packages/sweeper/optuna_search packages/sweeper/hydra_plugins
	$(BIN)/lint-imports

docs: .venv/ready .venv-docs/ready ## the documentation as a site with search, in build/docs; a broken link is an error
	.venv-docs/bin/sphinx-build -q -W --keep-going -c docs/site . build/docs
	@echo "build/docs/index.html"

lock: .venv/ready ## pin the packages again after a change of pyproject.toml
	$(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 --extra dev \
		--no-emit-index-url --no-emit-package hydra-optuna-search --no-annotate --no-header -q pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 --constraint requirements.lock \
		--no-emit-index-url --no-annotate --no-header -q docker/requirements.in -o docker/requirements.lock
	$(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 \
		--no-emit-index-url --no-annotate --no-header -q docs/site/requirements.in -o docs/site/requirements.lock

.venv/ready: requirements.lock packages/sweeper/pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet uv
	VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements.lock
	VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --no-deps --editable packages/sweeper
	touch $@

.venv-docs/ready: docs/site/requirements.lock | .venv/ready
	$(BIN)/python -m venv --without-pip .venv-docs
	VIRTUAL_ENV=$(CURDIR)/.venv-docs $(BIN)/uv pip install --quiet --require-hashes -r docs/site/requirements.lock
	touch $@

clean: ## remove results and prepared data; the tracking database and .venv stay
	rm -rf outputs multirun data/prepared
