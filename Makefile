# make run    trains a lesson on every backend, prints one table, and writes a web page to build/
# make test   style checks and all tests
# make parity holds every backend against NumPy, step by step, and draws build/parity.png
# make notebooks  runs every lesson on every tab, and writes web pages to build/, with an index.html
# make bench  times d2lite against hand-written loops, on a machine that should be otherwise idle
# Each sets up .venv on its first run.

PYTHON ?= python3
LESSON ?= linear-regression-scratch
JOBS ?= 1
VENV := .venv
BIN := $(VENV)/bin

# The small build of TensorFlow, where there is one.
PLATFORM := $(shell uname -s)-$(shell uname -m)
TENSORFLOW := $(if $(filter Linux-x86_64,$(PLATFORM)),tensorflow-cpu,tensorflow)

# What the table of a lesson shows beside the losses: variables of the page.
SHOW_linear-regression-scratch := --show w_error --show b_error
SHOW_weight-decay := --show norm_decay --show error_decay
CLASSIFICATION := softmax-regression-scratch softmax-regression-concise mlp dropout lenet \
                  batch-normalization resnet modern-convnets
SHOW := $(if $(filter $(LESSON),$(CLASSIFICATION)),--show val_acc,$(SHOW_$(LESSON)))

.PHONY: run test lint doctor parity notebooks bench browser clean

run: $(VENV)/.ready
	$(BIN)/d2lite run notebooks/$(LESSON).md --tab all $(SHOW) --to html --output build

# Each of these trains for long, and what Keras 2 does otherwise is not in there.
NOT_KERAS_2 := --ignore=tests/test_lessons.py --ignore=tests/test_digits_training.py \
               --ignore=tests/test_benchmarks.py

# One thread for each of the processes: more of them would wait for each other.
test: export OMP_NUM_THREADS = 1
test: lint
	$(BIN)/pytest -n auto --maxprocesses 4
	@echo "The tests of the TensorFlow backend once more, on Keras 2:"
	TF_USE_LEGACY_KERAS=1 $(BIN)/pytest -n auto --maxprocesses 4 -k tensorflow $(NOT_KERAS_2)

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

parity: $(VENV)/.ready
	@mkdir -p build
	$(BIN)/d2lite parity --plot build/parity.png
	$(BIN)/d2lite parity --dtype float64

notebooks: $(VENV)/.ready
	$(BIN)/d2lite run notebooks/*.md --tab all --to html --index --output build --jobs $(JOBS)

bench: $(VENV)/.ready
	$(BIN)/python -m benchmarks

doctor: $(VENV)/.ready
	$(BIN)/d2lite doctor

# MXNet asks for numpy<2, which the others cannot live with, and tf-keras for the large build of
# TensorFlow: both come without what they ask for.
$(VENV)/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "d2lite needs Python 3.11 or newer; choose one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet -c constraints.txt -e ".[pytorch,$(TENSORFLOW),jax,dev]"
	$(BIN)/pip install --quiet -c constraints.txt --no-deps tf-keras
	$(BIN)/pip install --quiet -c constraints.txt --no-deps mxnet || \
	  echo "MXNet 1.9.1, its last release, has no wheel for $(PLATFORM): the other three backends are ready."
	@$(MAKE) --no-print-directory browser
	@touch $@

# For the tests that look at web pages; without it they are skipped, and say so.
browser:
	@for name in chromium chromium-browser google-chrome chrome; do \
	  if command -v $$name >/dev/null; then exit 0; fi; \
	done; \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  echo "Installing Chromium for the browser tests: apt-get install chromium"; \
	  export DEBIAN_FRONTEND=noninteractive; \
	  { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >/dev/null || \
	    echo "That did not work: the browser tests are skipped until Chromium is there."; \
	else \
	  echo "No Chromium here: the browser tests are skipped. On Debian: sudo apt-get install chromium"; \
	fi

clean:
	rm -rf $(VENV) build dist
