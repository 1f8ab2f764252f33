# The short names of what people type; `make` alone lists them.

PYTHON ?= python3
SUFFIX ?= $(or $(ENVIRONMENT_SUFFIX),dev)

VENV ?= .venv

lock := build/requirements.txt
uv_lock := build/requirements-uv.txt
made_from := $(VENV)/made-from-$(shell { $(PYTHON) --version; cat $(lock) $(uv_lock); } 2>&1 | cksum | cut -d ' ' -f 1)
run := $(VENV)/bin/python
uv := $(VENV)/bin/uv
locked := --quiet --require-hashes --no-deps --requirement
pip_install := $(run) -m pip install --disable-pip-version-check $(locked)
# One more than there are cores, because tests also wait, for the emulator above all.
processes := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
in_parallel := -m 'not slow' --numprocesses $(processes) --maxprocesses 6 --dist loadfile
code := generate.py stack handlers build benchmarks tests
black := --quiet --line-length 120 --exclude '/\.venv'

operations := plan deploy status outputs logs drift redrive reconcile days backfill restore adopt destroy

.PHONY: help venv local console test coverage test-slow mutants lint format template package $(operations) diagram screenshots permissions bench lock clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12
	@echo '$(operations)' | tr ' ' ',' | sed 's/,/, /g; s/$$/: act on the stack of SUFFIX, as in make deploy SUFFIX=dev/'

venv: $(made_from) ## make the environment .venv from the locked packages

# The lock is complete, so nothing is resolved: what is released tomorrow cannot change what is installed.
$(made_from):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: name one with make PYTHON=python3.13.")'
	@$(PYTHON) -c 'import ensurepip' || { echo "This Python cannot make virtual environments: install its venv package (python3-venv)." >&2; exit 1; }
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	@{ $(pip_install) $(uv_lock) && $(uv) pip install --python $(run) $(locked) $(lock); } \
		|| { echo "uv cannot install the packages here; pip installs the same ones, which takes about a minute." >&2; $(pip_install) $(lock); }
	@touch $@

local: venv ## run the whole system on this machine, with no account
	@$(run) -m build local
	@echo 'To see it run on a page: make console'

console: venv ## see the whole system run on a page of this machine, with no account
	@$(run) -m build console

test: venv ## run the tests, but for the slow ones
	$(run) -m pytest $(in_parallel)

coverage: venv ## run the same tests and check how much of the code they run
	$(run) -m pytest $(in_parallel) --cov --cov-report=
	$(run) -m coverage report --include='stack/*,handlers/*' --fail-under=100
	$(run) -m coverage report --include='build/*' --fail-under=90

test-slow: venv ## run the slow tests
	$(run) -m pytest -m slow

mutants: venv ## change handlers and policies place by place, and see whether a test fails
	$(run) -m tests.mutation

lint: venv ## check format, style and types
	$(run) -m black $(black) --check $(code)
	$(run) -m isort --check --quiet $(code)
	$(run) -m flake8 $(code)
	$(run) -m mypy

format: venv ## format the code
	$(run) -m isort --quiet $(code)
	$(run) -m black $(black) $(code)

template: venv ## print the template of SUFFIX (dev unless given)
	@$(run) generate.py --suffix '$(SUFFIX)'

package: venv ## make the function zips and the layer; bytecode=--bytecode insists on bytecode
	@$(run) -m build package $(bytecode)

$(operations): venv
	@$(run) -m build $@ --suffix '$(SUFFIX)'

diagram: venv ## draw the pictures in docs/ from the template
	@$(run) -m build diagram

screenshots: venv ## render the console's page into docs/console/
	@$(run) -m tests.build.console.screenshots

permissions: venv ## write down what CloudFormation does with the types of the template
	@$(run) -m tests.privileges.handler_permissions

bench: venv ## measure, and write benchmarks/RESULTS.md
	@$(run) -m benchmarks

wanted = $(run) -c 'import configparser, sys; s = configparser.ConfigParser(); s.read("setup.cfg"); print(*(s[p][k] for p, k in (n.split("/") for n in sys.argv[1:])))'
extras := options.extras_require
compile := $(uv) pip compile --quiet --generate-hashes --no-annotate --no-emit-index-url --no-header
of_the_runtime := $(addprefix --no-emit-package ,botocore jmespath python-dateutil six urllib3)

lock: venv ## lock again everything that setup.cfg asks for
	$(wanted) options/install_requires $(addprefix $(extras)/,layer local console test bench) \
		| $(compile) --universal --python-version 3.11 --output-file $(lock) -
	$(wanted) $(extras)/lock | $(compile) --universal --python-version 3.11 --output-file $(uv_lock) -
	$(wanted) $(extras)/layer \
		| $(compile) --python-version 3.13 --python-platform aarch64-manylinux2014 $(of_the_runtime) --output-file handlers/requirements.txt -

clean: ## remove what the other targets made
	rm -rf $(VENV) .artifacts .local .mypy_cache .pytest_cache .hypothesis .coverage
