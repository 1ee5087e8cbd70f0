# Two commands for a fresh machine: `make demo` and `make test`. Both set up .venv by themselves.

PYTHON ?= python3
VENV   ?= .venv
# torch comes first and pinned: left to a resolver it brings gigabytes of CUDA. Another build:
#   make test TORCH='torch==2.12.0 --index-url URL-OF-YOUR-CPU-WHEELS'
# Without torch the tests that need it are skipped, with the reason: make test TORCH=
TORCH  ?= torch==2.13.0
SHARED ?= ../shared
BIN    := $(VENV)/bin

.PHONY: help setup lean demo test test-slow test-shared peers check format wheel clean

help:
	@echo "make demo          the shipped detector on a shipped drive: demo/report.html (no torch)"
	@echo "make test          all tests: no network, no GPU, no root, no data"
	@echo "make test-slow     also the long ones (10,000 fuzzed bundles, the wheel)"
	@echo "make test-shared   also those that need data and peer models in SHARED=$(SHARED)"
	@echo "make peers         adopt the public detectors in SHARED and measure them: the README's table"
	@echo "make check         formatting, lint, types, import contracts"
	@echo "make wheel         the device's wheel, in dist/"

setup: $(BIN)/.ready

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or later is needed")'
	$(PYTHON) -m venv $(VENV)

$(BIN)/.ready: pyproject.toml | $(BIN)/python
	$(if $(TORCH),$(BIN)/python -m pip install --quiet --disable-pip-version-check $(TORCH))
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

# The device's part alone, without torch and tests.
lean: $(BIN)/.lean

$(BIN)/.lean: pyproject.toml | $(BIN)/python
	@echo "installing the runtime into $(VENV) (once)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[cpu]'
	@touch $@

demo: lean
	$(BIN)/belisha demo

test: setup
	$(BIN)/python -m pytest -n auto --dist loadgroup -m "not slow and not shared"

test-slow: setup
	$(BIN)/python -m pytest -n auto --dist loadgroup -m "not shared"

test-shared: setup
	BELISHA_SHARED="$(SHARED)" $(BIN)/python -m pytest -n auto --dist loadgroup

# Name of the ONNX file, and the head it has.
PEERS := nanodet_m:nanodet picodet_s_320_coco:picodet picodet_s_416_coco:picodet FastestDet:fastestdet

peers: setup
	@set -e; for peer in $(PEERS); do name=$${peer%%:*}; bundle=runs/peers/$$name.bundle; \
	  $(BIN)/python -m export adopt $(SHARED)/peers/$$name.onnx --head $${peer##*:} --out $$bundle \
	    --golden $(SHARED)/data/pennfudan/images/FudanPed00001.jpg > /dev/null; \
	  echo "== $$name on camvid 0006R0"; \
	  $(BIN)/python -m training evaluate $(SHARED)/data/camvid --where sequence=0006R0 \
	    --bundle $$bundle --out runs/peers/$$name-camvid; \
	  echo "== $$name on idd_lite val_*"; \
	  $(BIN)/python -m training evaluate $(SHARED)/data/idd_lite --where 'file_name=val_*' \
	    --bundle $$bundle --out runs/peers/$$name-idd; \
	done

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

wheel: setup
	$(BIN)/python -m build --wheel

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
