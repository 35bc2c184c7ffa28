# Handwritten digits: `make demo` serves the page, `make train export` makes the model anew.

PYTHON ?= python3
BIN := .venv/bin
# Given to make, they reach the programs: make train DATASET=digits EPOCHS=5, make demo PORT=8000.
TRAIN_FLAGS := $(if $(DATASET),--dataset $(DATASET)) $(if $(EPOCHS),--epochs $(EPOCHS)) $(if $(QUICK),--quick) $(if $(SEEDS),--seeds $(SEEDS)) $(if $(JOBS),--jobs $(JOBS)) $(if $(ARTIFACTS),--artifacts $(ARTIFACTS))
EXPORT_FLAGS := $(if $(ARTIFACTS),--artifacts $(ARTIFACTS))
DEMO_FLAGS := $(if $(PORT),--port $(PORT))
SUITES ?= ../shared/data/suites
export MNIST_NPZ
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup train export demo share space deploy cluster test lint bench suites load outage screenshot clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.all ## a virtual environment with everything, in .venv

train: .venv/.all ## MNIST -> artifacts/*/model.keras, numbers, figures   (DATASET, EPOCHS, SEEDS, JOBS, QUICK=1, MNIST_NPZ, ARTIFACTS)
	$(BIN)/python -m train $(TRAIN_FLAGS)

export: .venv/.all ## artifacts/*/*.keras -> *.onnx, proven equal   (MNIST_NPZ, ARTIFACTS)
	$(BIN)/python -m export $(EXPORT_FLAGS)

demo: .venv/.demo ## serve the page at http://127.0.0.1:7860   (PORT)
	$(BIN)/python -m demo $(DEMO_FLAGS)

share: .venv/.demo ## the same with a public link through Gradio's tunnel   (PORT, DEMO_AUTH=user:password)
	$(BIN)/python -m demo --share $(DEMO_FLAGS)

space: .venv/.demo ## a complete Hugging Face Space -> build/space/, proven in a fresh environment
	$(BIN)/python -m demo.space

deploy: .venv/.demo ## upload it to Hugging Face   (SPACE=user/name, HF_TOKEN)
	$(BIN)/python -m demo.space --deploy "$(SPACE)"

cluster: .venv-cluster/.all ## the page as replicas on one or many machines, by Ray Serve   (REPLICAS, PORT, RAY_ADDRESS)
	.venv-cluster/bin/python -m demo.cluster $(if $(REPLICAS),--replicas $(REPLICAS)) $(DEMO_FLAGS)

test: lint ## lint, then all tests; no MNIST and no network needed
	$(BIN)/python -m pytest -q tests

lint: .venv/.all
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

bench: .venv/.all ## measure speeds on this machine -> artifacts/bench.json
	$(BIN)/python -m export.bench
	$(BIN)/python -m demo.bench

suites: .venv/.all ## the reader on real pictures, from a folder of them -> artifacts/mnist/reading.json   (SUITES)
	$(BIN)/python -m export.suites $(SUITES)

load: .venv/.all ## load and abuse on this machine -> artifacts/load.json   (PARTS="people abuse")
	$(BIN)/python -m demo.load $(PARTS)

outage: .venv-cluster/.all ## two nodes, one replica and one node killed -> artifacts/load.json
	.venv-cluster/bin/python -m demo.outage

screenshot: .venv/.all ## the README's picture of the running page -> artifacts/page.png
	$(BIN)/python -m demo.screenshot

clean: ## remove what can be made again, but for the published model
	rm -rf .venv .venv-cluster build artifacts/digits artifacts/*/.run .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; say which: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv

.venv/.demo: demo/requirements.txt | .venv/bin/python
	$(BIN)/pip install -q -r demo/requirements.txt
	@touch $@

.venv/.all: requirements.txt demo/requirements.txt | .venv/bin/python
	$(BIN)/pip install -q -r requirements.txt
	@touch .venv/.demo $@

.venv-cluster/.all: demo/requirements-cluster.txt demo/requirements.txt
	$(PYTHON) -m venv .venv-cluster
	.venv-cluster/bin/pip install -q -r demo/requirements-cluster.txt
	@touch $@
