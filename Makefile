# Every target is one line that also works by hand. PORT, DATA, S, M are the only knobs.
.DEFAULT_GOAL := help
.PHONY: help run test cluster-up cluster-down run-distributed service worker format lint types imports migration migrate events check demo bench chaos

PYTHON ?= python3
PORT ?= 8000
DATA ?= data
V := .venv/bin
RUN_STAMP := .venv/.runtime
DEV_STAMP := .venv/.development
CODE := services shared deploy tests $(wildcard bench)
PYTEST_ARGS ?= -n 2 --dist loadgroup
# the variables `make cluster-up` wrote, for parts of the distributed house started by hand
CLUSTER := set -a; [ ! -f run/cluster.env ] || . ./run/cluster.env;
# the data folder of a distributed house that runs on this port
HOUSE := told=run/house-$(PORT).env; [ ! -f $$told ] || { set -a; . ./$$told; kill -0 $$HALL_HOUSE_PID || HALL_DATA=$(DATA); };
export HALL_DATA ?= $(DATA)

help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "需要 Python 3.11 或更高版本（PYTHON=python3.12 make …）")'
	@$(PYTHON) -m venv .venv || { echo "无法建立 .venv：请先安装 python3-venv（apt-get install python3-venv）"; rm -rf .venv; exit 1; }

$(RUN_STAMP): requirements.lock | .venv/bin/python
	@echo "正在安装依赖（只在第一次或依赖变化时）……"
	$(V)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	$(V)/python -m pip install -q --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

$(DEV_STAMP): requirements-dev.lock $(RUN_STAMP)
	$(V)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

run: $(RUN_STAMP) ## everything in one process with demo data (PORT= DATA=)
	$(V)/hall run --demo --port $(PORT)

test: $(DEV_STAMP) ## install what is missing, then all tests
	$(V)/python -m deploy.native.packages && $(V)/python -m pytest $(PYTEST_ARGS)

cluster-up: $(RUN_STAMP) ## Kafka and PostgreSQL on this machine, without containers
	$(V)/python -m deploy.native.cluster up

cluster-down: $(RUN_STAMP) ## stop them; what they hold stays
	$(V)/python -m deploy.native.cluster down

run-distributed: $(RUN_STAMP) ## four services, two workers each, one origin, on the cluster (PORT=)
	$(V)/python -m deploy.native.house --port $(PORT)

service: $(RUN_STAMP) ## one service's HTTP process (S=customer)
	$(CLUSTER) exec $(V)/hall service $(S)

worker: $(RUN_STAMP) ## one service's worker process (S=customer)
	$(CLUSTER) exec $(V)/hall worker $(S)

format: $(DEV_STAMP) ## rewrite the code in the house's form
	$(V)/ruff format $(CODE) && $(V)/ruff check --fix-only -q $(CODE)

lint: $(DEV_STAMP) ## style and likely mistakes
	$(V)/ruff check $(CODE)

types: $(DEV_STAMP) ## mypy --strict
	$(V)/mypy $(CODE)

imports: $(DEV_STAMP) ## who may import whom
	$(V)/lint-imports

migration: $(DEV_STAMP) ## write a migration from the tables' difference (S=customer M="what changes")
	$(V)/python -m deploy.migration $(S) "$(M)"

migrate: $(RUN_STAMP) ## bring the databases to their newest form
	$(V)/hall migrate

events: $(DEV_STAMP) ## regenerate docs/events.md and the AsyncAPI document
	$(V)/python -m shared.events.document

check: lint types imports test ## all of it

demo: $(RUN_STAMP) ## play the story over HTTP against what is running (PORT=)
	@$(HOUSE) $(V)/hall demo --url http://127.0.0.1:$(PORT)

bench: $(DEV_STAMP) ## measured against bare baselines, as JSON lines
	$(V)/python -m bench

chaos: $(DEV_STAMP) ## kill processes at any moment and reconcile
	$(V)/python -m deploy.native.packages && CHAOS_KILLS=$${CHAOS_KILLS:-12} $(V)/python -m pytest $(PYTEST_ARGS) tests/chaos
