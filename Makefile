# Two commands matter: `make demo` and `make test`. Both set up what they need.
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo test soak payloads lint format lock bench site clean

help:
	@echo 'make demo                   watch a real model degrade, and the alerts arrive (ARGS=--once: one pass, for CI)'
	@echo 'make test                   all tests, real Prometheus and Alertmanager included'
	@echo 'make soak                   the fault tests, and faults planted into alerts, at full length, an hour or two'
	@echo 'make payloads               what Alertmanager posts to Slack and PagerDuty, written anew (ALERTMANAGER=path: of that one)'
	@echo 'make lint                   ruff and mypy'
	@echo 'make format                 ruff format'
	@echo 'make bench                  speed against naive versions and peers'
	@echo 'make site                   the documentation as a site, in site/'
	@echo 'make lock                   write requirements/*.lock anew'

demo:
	@scripts/venv.sh $(VENV) demo
	@scripts/servers.sh
	@$(BIN)/python -m demo $(ARGS)

test:
	@scripts/venv.sh $(VENV) dev
	@scripts/servers.sh
	@scripts/browser.sh
	@$(BIN)/python -m pytest -n auto --dist loadgroup $(ARGS)

# The tests that `make test` runs with a reduced count, at full length. KILLS is how often the exporter
# is killed, STEPS how often something happens to a folder of logs, ROTATIONS how often ten writers
# rotate theirs, RELOADS how often the configuration is reloaded, SECONDS_PER_FUZZER how long each parser
# gets input that nobody would write, SOAK_SECONDS how long all faults come at once; SEED makes the same
# choices again, as far as time lets it.
KILLS := 200
STEPS := 500000
ROTATIONS := 60
RELOADS := 300
SECONDS_PER_FUZZER := 600
SOAK_SECONDS := 1800
SEED := 20261122
soak:
	@scripts/venv.sh $(VENV) dev
	@scripts/servers.sh
	@MODELTAIL_KILLS=$(KILLS) MODELTAIL_STEPS=$(STEPS) MODELTAIL_SEED=$(SEED) \
		MODELTAIL_ROTATIONS=$(ROTATIONS) MODELTAIL_RELOADS=$(RELOADS) MODELTAIL_SOAK_SECONDS=$(SOAK_SECONDS) MODELTAIL_WATCH=auto,poll $(BIN)/python -m pytest --timeout 3600 tests/faults tests/tailing $(ARGS)
	@for target in fuzz/targets/[a-z]*.py; do \
		$(BIN)/python -m fuzz $$(basename $$target .py) --seconds $(SECONDS_PER_FUZZER) || exit 1; done
	@MODELTAIL_MUTANTS=1000 $(BIN)/python -m pytest -n auto --timeout 3600 tests/stack/test_rule_mutations.py

# Of each version that is tested there is a folder in tests/stack/payloads/.
payloads:
	@scripts/venv.sh $(VENV) dev
	@scripts/servers.sh
	@MODELTAIL_ALERTMANAGER=$(ALERTMANAGER) $(BIN)/python -m tests.stack.payloads

lint:
	@scripts/venv.sh $(VENV) dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format:
	@scripts/venv.sh $(VENV) dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench:
	@scripts/venv.sh $(VENV) demo
	@for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

# Of the theme's makers' notices, none is about a page of ours.
site:
	@scripts/venv.sh $(VENV) dev
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

lock:
	@scripts/lock.sh $(VENV)

clean:
	rm -rf $(VENV) .demo site
