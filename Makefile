# Two commands for a fresh machine: `make demo` and `make test`. Both set up .venv by themselves.

PYTHON ?= python3
VENV   ?= .venv
# torch comes first and pinned: left to a resolver it brings gigabytes of CUDA. Another build:
#   make test TORCH='torch==2.12.0 --index-url URL-OF-YOUR-CPU-WHEELS'
# Without torch the tests that need it are skipped, with the reason: make test TORCH=
TORCH  ?= torch==2.13.0
SHARED ?= ../shared
BIN    := $(VENV)/bin

.PHONY: help setup lean demo test test-slow test-shared test-browser test-tensorrt peers bench trained champion accuracy check format wheel deb virtual-jetson virtual-jetson-kernel clean

help:
	@echo "make demo          the shipped detector on a shipped drive: demo/report.html (no torch)"
	@echo "make test          all tests: no network, no GPU, no root, no data"
	@echo "make test-slow     also the long ones (10,000 fuzzed bundles, the wheel)"
	@echo "make test-shared   also those that need data and peer models in SHARED=$(SHARED)"
	@echo "make test-browser  reports in headless Chromium: apt-get install chromium"
	@echo "make test-tensorrt the builder on NVIDIA's compiler, the runner on a fake driver: no GPU; 200 MB"
	@echo "make peers         adopt the public detectors in SHARED and measure them: the README's table"
	@echo "make champion      train, build and ship the detector again; make accuracy: what it finds"
	@echo "make bench         latency, peers side by side, roofline, capacity: runs/bench/ (idle machine!)"
	@echo "make check         formatting, lint, types, import contracts"
	@echo "make wheel         the device's wheel, in dist/"
	@echo "make deb           a Jetson's packages, in dist/: JetPack 6 and 7 (no board needed)"
	@echo "make virtual-jetson  proves the package without a board: root, qemu; see jetson/README.md"
	@echo "make virtual-jetson-kernel  the same with a kernel of its own: its camera, power cuts"

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
	$(BIN)/python -m pytest -n auto --dist loadgroup -m "not slow and not shared and not browser and not accelerator"

test-slow: setup
	$(BIN)/python -m pytest -n auto --dist loadgroup -m "not shared and not browser and not accelerator"

test-shared: setup
	BELISHA_SHARED="$(SHARED)" $(BIN)/python -m pytest -n auto --dist loadgroup -m "not browser and not accelerator"

# Pages in a real browser; it leaves its screenshots in runs/browser.
test-browser: setup
	$(BIN)/python -m pytest tests/browser

# The builder with TensorRT-RTX, the runner with pycuda on a driver of the tests' own. What it needs comes
# from PyPI into an environment of its own; a machine where that is impossible skips, with the reason.
TENSORRT_VENV := .venv-tensorrt

test-tensorrt:
	@PYTHON=$(PYTHON) tests/accelerator/install.sh $(TENSORRT_VENV) || { code=$$?; \
	  [ $$code -eq 77 ] && echo "SKIPPED: test-tensorrt: see the line above" && exit 0; exit $$code; }; \
	LD_LIBRARY_PATH=$(TENSORRT_VENV)/fake PYTHONPATH=tests/accelerator/stand_in \
	  $(TENSORRT_VENV)/bin/python -m pytest tests/accelerator

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
	  echo "== $$name on cityscapes_p2p val"; \
	  $(BIN)/python -m training evaluate $(SHARED)/data/cityscapes_p2p --where split=val \
	    --bundle $$bundle --out runs/peers/$$name-cityscapes; \
	done

# The shipped detector, from data to wheel; training takes three hours on two cores with bfloat16.
CHAMPION := runtime/belisha/champion
# Hours: from ../shared/data to a trained network. Each step goes on where it was interrupted.
trained: setup peers
	test -e runs/store/manifest.sqlite || $(BIN)/python -m training data ingest training/configs/data/shared.yaml --version v1
	$(BIN)/python -m training data split --version v1
	$(BIN)/python -m training find training/configs/champion.yaml --out runs/found.json \
	  --bundles runs/peers/picodet_s_416_coco.bundle runs/peers/nanodet_m.bundle
	$(BIN)/python -m training train training/configs/champion.yaml --out runs/champion
	$(BIN)/python -m training train training/configs/longer.yaml --out runs/longer
	$(BIN)/python -m training train training/configs/finish.yaml --out runs/finished
	$(BIN)/python -m training average runs/longer/last.pt runs/finished/last.pt --out runs/averaged/last.pt

champion: trained
	$(BIN)/python -m training scenes --out runs/golden --n 2 --seed 5 --size 256x192 --conditions day
	$(BIN)/python -m export build runs/averaged/last.pt --name belisha-small \
	  --golden runs/golden/images/*.jpg --card $(CHAMPION)/model_card.md --out runs/champion.bundle
	$(BIN)/python -m export build runs/averaged/last.pt --name belisha-small \
	  --golden runs/golden/images/*.jpg --card $(CHAMPION)/model_card.md --without float \
	  --out $(CHAMPION)/champion.bundle

# What it finds on the store's validation split, in each flavour: the model card's table.
accuracy: setup
	@set -e; for source in camvid cityscapes_p2p idd_lite inria pennfudan; do \
	  $(BIN)/python -m export flavours runs/champion.bundle runs/store --where source=$$source; done

# What is measured, and against whom. HOG brings OpenCV 4 into an environment of its own (50 MB);
# ULTRALYTICS=auto brings torch and Ultralytics likewise, ULTRALYTICS=PYTHON takes what is there.
BUNDLE      ?=
HOG         ?= auto
ULTRALYTICS ?=
BENCH_DATA  := --data $(SHARED)/data/camvid sequence=0006R0 --data $(SHARED)/data/idd_lite 'file_name=val_*'

# Exit code 4 is a result too: inconclusive, with the reason. Capacity says no by exit code 1.
bench: setup
	@bundle='$(if $(BUNDLE),--bundle $(BUNDLE))'; out=runs/bench; \
	run() { accepted=$$1; shift; echo "== $$*"; "$$@" || { code=$$?; case " $$accepted " in \
	  *" $$code "*) ;; *) exit $$code;; esac; }; }; \
	run 4 $(BIN)/belisha bench $$bundle --threads 1 --out $$out/bench.json --html $$out/bench.html; \
	run 4 $(BIN)/python -m benchmarks peers $$bundle --int8-peers --out $$out \
	  $(if $(wildcard $(SHARED)/peers),--peers $(SHARED)/peers) \
	  $(if $(wildcard $(SHARED)/data),$(BENCH_DATA)) \
	  $(if $(HOG),--hog $(HOG)) $(if $(ULTRALYTICS),--ultralytics $(ULTRALYTICS)); \
	run 0 $(BIN)/python -m benchmarks roofline $$bundle --out $$out; \
	run '1 4' $(BIN)/python -m benchmarks capacity $$bundle --threads 1 --out $$out

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

# Then: jetson/flash.sh --ssh USER@HOST
TARGETS := jetpack6 jetpack7
deb: setup
	@set -e; for target in $(TARGETS); do $(BIN)/python -m jetson deb --target $$target; done

# a: emulated programs; b: a device with systemd; c: a kernel of its own. What passed is not tried again.
TIERS := a b
virtual-jetson: setup
	PYTHON=$(BIN)/python jetson/virtual/run.sh $(TIERS)

virtual-jetson-kernel: setup
	PYTHON=$(BIN)/python jetson/virtual/run.sh c

clean:
	rm -rf $(VENV) $(TENSORRT_VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
