# `make help` lists the targets. Each sets up .venv on its first run.

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
SHOW_transformer := --show perfect
SHOW_gpt := --show val_ppl
CLASSIFICATION := softmax-regression-scratch softmax-regression-concise mlp dropout lenet \
                  batch-normalization resnet modern-convnets vision-transformer
SHOW := $(if $(filter $(LESSON),$(CLASSIFICATION)),--show val_acc,$(SHOW_$(LESSON)))

.PHONY: help run test test-all test-nnx test-gpu keras2 mutations lint doctor parity notebooks bench browser clean

help:  ## prints these lines
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## \(.*\)/make \1@\2/p' $(firstword $(MAKEFILE_LIST)) | \
	  awk -F@ '{ printf "%-16s %s\n", $$1, $$2 }'
	@echo 'Variables: PYTHON=python3.12; LESSON=lenet of make run; JOBS=2 of make notebooks'

run: $(VENV)/.ready  ## trains a lesson on every backend, and writes a web page to build/
	$(BIN)/d2lite run notebooks/$(LESSON).md --tab all $(SHOW) --to html --output build --force

# What takes long: `make test` leaves it out. Nor does Keras 2 do otherwise what is in there, but for
# recurrent networks, and what is left of a training that was interrupted.
SLOW := test_lessons.py test_digits_training.py test_benchmarks.py test_collection.py \
        $(addprefix test_cli_,files.py folders.py outcome.py) \
        $(addprefix pages/test_,html_browser.py lesson_code.py jupyter.py pages_run.py \
          pages_kernel.py pages_compare.py pages_convert.py) \
        $(addprefix compat/test_,lending.py page.py) course/test_course.py course/test_authors.py \
        $(addprefix training/test_,precision.py precision_settings.py precision_limits.py \
          interruption.py) backends/test_attention.py
MODELS := distributed parity/test_models.py parity/test_sequence_models.py \
          $(addprefix backends/test_,recurrent.py gates.py seq2seq.py transformer.py \
            transformer_lm.py transformer_parameters.py vision_transformer.py)
QUICK := $(patsubst %,--ignore=tests/%,$(SLOW) $(MODELS))

# What shows most of the backend nnx in two minutes; `make test-nnx` has the rest.
ON_NNX := data plotting saving parity/test_parity.py backends/test_linear.py \
          training/test_trainer.py training/test_several_optimizers.py

# One process for each core, with one thread: more of them would wait for each other.
test test-all test-nnx test-gpu keras2 mutations: export OMP_NUM_THREADS = 1
PYTEST := $(BIN)/pytest -n auto --maxprocesses 4

test: lint  ## style checks, and the tests that do not take long
	$(PYTEST) $(QUICK)

# In several runs: a process of tests grows by what the frameworks compile, and gives none of it
# back. To optimize the many programs of large models takes XLA longer than to run them.
test-all: test  ## style checks and all tests, and those of TensorFlow once more on Keras 2
	$(PYTEST) $(SLOW:%=tests/%)
	JAX_DISABLE_MOST_OPTIMIZATIONS=1 $(PYTEST) $(MODELS:%=tests/%)
	D2LITE_TEST_BACKENDS=pytorch,nnx $(PYTEST) -k nnx $(ON_NNX:%=tests/%)
	D2LITE_TEST_DEVICE=pretend $(PYTEST) tests/gpu
	@$(MAKE) --no-print-directory keras2

test-nnx: export D2LITE_TEST_BACKENDS = mxnet,pytorch,tensorflow,jax,nnx
test-nnx: $(VENV)/.ready  ## all tests of the backend nnx, which takes the steps of JAX
	$(PYTEST) -k nnx tests

# What matters on a GPU, with the backends that are installed, in at most five minutes. Without .venv,
# or with PYTHON=..., that Python runs them, with its own d2lite (-P: not that of this folder), which
# needs no extras for notebooks, and with pytest, pytest-xdist and hypothesis.
ON_GPU := gpu parity/test_parity.py parity/test_float64.py parity/test_models.py saving \
          $(addprefix backends/test_,linear.py convolution.py batch_norm.py regularization.py jax.py) \
          $(addprefix training/test_,trainer.py devices.py classification.py compilation.py \
            follows_changes.py batches.py callbacks.py schedules.py epoch_branches.py \
            memory_error.py graphs.py precision.py precision_settings.py precision_limits.py)
GPU_PYTHON = $(if $(filter file,$(origin PYTHON)),$(or $(wildcard $(BIN)/python),$(PYTHON)),$(PYTHON))

test-gpu: export D2LITE_TEST_DEVICE ?= gpu
test-gpu: export XLA_PYTHON_CLIENT_PREALLOCATE = false
test-gpu: export TF_FORCE_GPU_ALLOW_GROWTH = true
# XLA tries no variants of a product or a convolution, which would take longer than the test.
test-gpu: export XLA_FLAGS = --xla_gpu_autotune_level=0
test-gpu:  ## the tests that matter on a machine with a GPU
	$(GPU_PYTHON) -P -m pytest -n auto --maxprocesses 12 -r fE -o pythonpath=tests $(ON_GPU:%=tests/%)

keras2: $(VENV)/.ready  ## the tests of TensorFlow on Keras 2, but not those of several processes
	TF_USE_LEGACY_KERAS=1 $(PYTEST) -k tensorflow $(filter-out %/test_recurrent.py %/test_interruption.py,$(QUICK))

mutations: $(VENV)/.ready  ## breaks d2lite line by line, to see that the tests notice (hours)
	$(BIN)/python tests/mutations.py $(ONLY)

lint: $(VENV)/.ready  ## style checks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

parity: $(VENV)/.ready  ## every backend against NumPy, step by step; draws build/parity.png
	@mkdir -p build
	$(BIN)/d2lite parity --model all --plot build/parity.png
	$(BIN)/d2lite parity --model all --dtype float64

notebooks: $(VENV)/.ready  ## runs every lesson on every tab; web pages in build/, with an index
	$(BIN)/d2lite run notebooks/*.md --tab all --to html --index --output build --force --jobs $(JOBS)

bench: $(VENV)/.ready  ## times d2lite against hand-written loops, on an otherwise idle machine
	$(BIN)/python -m benchmarks

doctor: $(VENV)/.ready  ## says which frameworks are installed, and how they are
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
browser:  ## installs Chromium for the tests that look at web pages, if it can
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

clean:  ## removes .venv, build/ and dist/
	rm -rf $(VENV) build dist
