# `make demo` and `make test` need python3, git and make only; uv is used when it is there.
# PYTHON=python3.12 chooses the interpreter, ARGS='-k spool' goes to pytest.

BIN := .venv/bin
DEMO := .venv-demo/.installed
DEV := .venv/.installed

# What benchmarks compare with, each in an environment of its own: they need other versions of the same packages.
PEERS := c7n==0.9.53 c7n-left==0.3.39 checkov==3.3.30
PEER_NAMES := $(foreach peer,$(PEERS),$(firstword $(subst ==, ,$(peer))))

# What `python -m finops_guard.docs` writes is committed; until that module exists there is nothing to be stale.
DOCS := $(wildcard finops_guard/docs.py finops_guard/docs/__main__.py)

# The distribution called finops-guard on the index is somebody else's: nobody may be told to install it.
export FOREIGN := (pip[x3]?|uv( pip| tool)?|poetry|pdm|conda) +(install|add|run)([^|;&]*[ "'=])?finops[-_.]guard($$|[^-_a-z/.])|uvx +finops[-_.]guard($$|[^-_a-z])

.PHONY: help demo test check bench lock clean
.DEFAULT_GOAL := help

help:
	@echo 'make demo    scan an embedded cloud estate, enforce a policy on a part of it, and undo that'
	@echo 'make test    run the tests'
	@echo 'make check   format, lint, types, layers, stale documents'
	@echo 'make bench   run benchmarks/*.py, beside other tools in environments of their own'
	@echo 'make lock    refresh requirements/*.txt after a change of pyproject.toml (needs uv; UPGRADE=1 takes newer versions)'
	@echo 'make clean   remove environments, caches and builds'

$(DEMO): requirements/demo.txt pyproject.toml tools/venv.sh
	@PYTHON='$(PYTHON)' tools/venv.sh .venv-demo requirements/demo.txt
	@touch $@

$(DEV): requirements/dev.txt pyproject.toml tools/venv.sh
	@PYTHON='$(PYTHON)' tools/venv.sh .venv requirements/dev.txt
	@touch $@

demo: $(DEMO)
	@.venv-demo/bin/python tools/demo.py

test: $(DEV)
	$(BIN)/python -m pytest $(ARGS)

check: $(DEV)
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(if $(DOCS),$(BIN)/python -m finops_guard.docs --check)
	@! git grep --untracked -nIiE -e "$$FOREIGN" -- . ':!Makefile' || \
		{ echo "the lines above install a foreign package: ours is finops-guard-engine" >&2; exit 1; }

# A tool that cannot be installed here is named, and the benchmarks go on without it.
.venv-peers/%/.installed: requirements/peers-%.txt tools/venv.sh
	@mkdir -p .venv-peers
	@PYTHON='$(PYTHON)' tools/venv.sh .venv-peers/$* $< alone && touch $@ || echo "$* is not installed: not compared" >&2

bench: $(DEV) $(PEER_NAMES:%=.venv-peers/%/.installed)
	@for file in benchmarks/[!_]*.py; do \
		[ -e "$$file" ] || continue; \
		echo "== $$file"; $(BIN)/python "$$file" || exit; \
	done

PIN := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate $(if $(UPGRADE),--upgrade)
COMPILE := $(PIN) pyproject.toml --group build

# Azure and GCP join the dev lock with the first code that imports them.
# The demo and the Action take their versions from the dev lock: one truth.
lock:
	@command -v uv >/dev/null || { echo 'make lock needs uv (https://docs.astral.sh/uv/)' >&2; exit 2; }
	$(COMPILE) --extra aws --extra costs --extra dev --extra iac --extra sandbox --extra tokens --output-file requirements/dev.txt
	$(COMPILE) --extra aws --extra costs --extra sandbox --constraint requirements/dev.txt --output-file requirements/demo.txt
	$(COMPILE) --extra aws --extra costs --extra iac --constraint requirements/dev.txt --output-file requirements/action.txt
	for peer in $(PEERS); do \
		echo "$$peer" | $(PIN) --only-binary :all: --output-file "requirements/peers-$${peer%%=*}.txt" - || exit; \
	done

clean:
	rm -rf .venv .venv-demo .venv-peers build dist tests/node/node_modules
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
