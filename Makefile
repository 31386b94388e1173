# Every command a developer or a CI needs. The virtual environment in .venv is made from requirements.lock
# on first use and again when the lock's content changes; the project is installed into it anew when
# pyproject.toml does. The stamps carry checksums, because a checkout changes times without changing content.

VENV := .venv
BIN := $(VENV)/bin
LOCKED := $(VENV)/.locked-$(firstword $(shell cksum requirements.lock))
INSTALLED := $(VENV)/.installed-$(firstword $(shell cksum pyproject.toml))

.DEFAULT_GOAL := help
.PHONY: help demo up faults watch-alerts check-deploy check-image deploy-manifests bench-delivery bench-http-clients bench-peers bench-recorder bench-stages test test-unit check fmt lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(INSTALLED) ## the whole fleet on a throwaway Kafka: 1,000 events, crashes, the sums at the end
	@$(BIN)/hookfleet demo

up: $(INSTALLED) ## the whole fleet, kept running on one address
	@$(BIN)/hookfleet up

faults: $(INSTALLED) ## crash every service and the broker at random; FAULTS='--rounds 10 --seed 7' for more
	@$(BIN)/python -m deploy.local.fault_injection $(FAULTS)

watch-alerts: $(INSTALLED) ## break a fleet part by part and see the alerts fire and clear on a real Prometheus
	@$(BIN)/python -m deploy.local.monitoring

bench-delivery: $(INSTALLED) ## what a delivery costs and how long it takes; BENCH='--only cost' or '--long' for more
	@$(BIN)/python -m bench.delivery $(BENCH)

bench-http-clients: $(INSTALLED) ## the dispatcher's HTTP client beside the libraries it could have been
	@$(BIN)/python -m bench.http_clients $(BENCH)

bench-peers: $(INSTALLED) ## a compiled sink and a webhook server, built here, beside this fleet
	@$(BIN)/python -m bench.peers $(BENCH)

bench-recorder: $(INSTALLED) ## what storing a record costs and how fast listings answer; BENCH='--rows 1000000' for more
	@$(BIN)/python -m bench.recorder $(BENCH)

bench-stages: $(INSTALLED) ## CPU of each stage of a delivery, without a broker
	@$(BIN)/python -m bench.stages $(BENCH)

# Cheapest first, so that the quickest answer comes first. What needs a broker waits half of the time, and a fleet keeps
# a core busy when it does not: two processes for two cores. The longest tests begin first, so that none is left over at
# the end. Brokers that live for minutes do without the JVM's optimising compiler: a start takes 2.0 s of CPU, not 3.3.
test: test-unit ## every test, with a Kafka of its own
	JDK_JAVA_OPTIONS="-XX:TieredStopAtLevel=1 $$JDK_JAVA_OPTIONS" \
	  $(BIN)/pytest -n 2 --no-loadscope-reorder tests/faults tests/flow tests/component

test-unit: $(INSTALLED) ## the tests that need no broker, in seconds
	$(BIN)/pytest -n 2 tests/unit tests/architecture tests/contracts

check: $(INSTALLED) ## lint, format, types, architecture
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pytest -q tests/architecture

check-deploy: $(INSTALLED) ## every Kubernetes overlay, rendered and judged: schemas, CRDs, policies, settings
	@$(BIN)/python -m deploy.checks
	$(BIN)/pytest -q tests/manifests tests/unit/deploy/test_alert_rules.py

check-image: $(INSTALLED) ## the Dockerfile's steps in a folder, and what it makes started read-only as nobody; needs root
	@$(BIN)/python -m deploy.container

deploy-manifests: $(INSTALLED) ## write the manifests that repeat a table of the code
	@$(BIN)/python -m deploy.kubernetes

fmt: $(INSTALLED) ## format, and fix what can be fixed
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# Pins that still fit are kept; to move every dependency to its newest version, empty requirements.lock first.
lock: $(INSTALLED) ## write requirements.lock from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --extra dev --extra bench --extra tracing \
	  --custom-compile-command "make lock" --output-file requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --extra tracing \
	  --constraint requirements.lock \
	  --custom-compile-command "make lock" --output-file deploy/container/requirements.lock pyproject.toml
	echo 'setuptools>=70.1' | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --constraint requirements.lock \
	  --custom-compile-command "make lock" --output-file deploy/container/build.lock -

clean: ## remove the virtual environment and everything that tools left here
	rm -rf $(VENV) build *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find bench deploy services shared tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(LOCKED):
	@python=$$(sh deploy/local/prerequisites.sh) && "$$python" -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@touch $@

$(INSTALLED): $(LOCKED)
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
