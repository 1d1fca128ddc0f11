# Every command people and CI run. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN_VENV ?= build/run
WEB_INSTALLED := web/node_modules/.installed
WEB_BUILT := app/web/static/.built
WEB_SOURCES = $(shell find web -type f -not -path 'web/node_modules/*' -not -name schema.d.ts) docs/openapi.json
NODE_OR_LINE = if ! command -v npm >/dev/null; then echo "No Node 20.19 or newer here: $(1)."; test -z "$${CI:-}"; exit; fi;
ONLY ?=
PORT ?= 8000
DEMO_OPTIONS ?=
TESTS ?= tests
ES_PORT ?= 9200
ES_HEAP ?= 1g
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

.PHONY: redis-server help install install-run web web-check web-test web-if-node browser demo demo-load test check format bench prove lock docker-lint render clean elasticsearch elasticsearch-stop audit sbom licenses

help: ## What can be made here
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

install: $(VENV)/.installed ## The virtual environment with everything locked by hash

$(VENV)/.installed: requirements/dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Akin needs Python 3.11 or newer; name one with make PYTHON=python3.11 …" or 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

install-run: ## Only what serving needs, in RUN_VENV (the Dockerfile's step), and the proof that it starts without the extras
	test -x $(RUN_VENV)/bin/python || $(PYTHON) -m venv $(RUN_VENV)
	$(RUN_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.lock
	$(RUN_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation .
	cd / && $(abspath $(RUN_VENV))/bin/akin --help >/dev/null && $(abspath $(RUN_VENV))/bin/catalog-loader --help >/dev/null

web: $(WEB_BUILT) ## The pages and the widget, built into app/web/static (needs Node 20.19 or newer)

$(WEB_INSTALLED): web/package-lock.json web/package.json web/.npmrc
	cd web && npm ci --silent
	touch $@

$(WEB_BUILT): $(WEB_INSTALLED) $(WEB_SOURCES)
	cd web && npm run --silent build
	touch $@

web-check: ## Types, lint and format of web/ against the API in docs/openapi.json
	@$(call NODE_OR_LINE,the pages are not checked) $(MAKE) --no-print-directory $(WEB_INSTALLED) && cd web && npm run --silent check

web-test: ## Unit tests of web/ (Vitest)
	@$(call NODE_OR_LINE,the tests of web/ do not run) $(MAKE) --no-print-directory $(WEB_INSTALLED) && cd web && npm test --silent

web-if-node: # The pages where they can be built; the API serves without them
	@$(call NODE_OR_LINE,the pages are not built) $(MAKE) --no-print-directory web

browser: ## Chromium for the tests of the pages, from Debian's packages where this may install them
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || \
	  { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; } || \
	  { echo "Chromium is not installed and cannot be from here: the pages are not tested in a browser."; test -z "$${CI:-}"; }

demo: install web-if-node ## The main job: load the demo shop, serve it, search it with a shopper's photo
	$(BIN)/python -m scripts.demo --port $(PORT) $(DEMO_OPTIONS)

test: install redis-server browser web-test web-if-node ## Every test
	$(BIN)/python -m pytest $(TESTS)

redis-server: # For the tests of limits that several machines share; a line where it may not be installed
	@command -v redis-server >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
	  { apt-get install -qq --no-install-recommends redis-server || \
	    { apt-get update -qq && apt-get install -qq --no-install-recommends redis-server; }; } >/dev/null 2>&1; } || \
	  echo "redis-server is not installed: its tests are skipped, and fail with CI=true."

check: install docker-lint web-check audit ## Lint, format, strict types, import rules, known vulnerabilities
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_architecture.py tests/test_documented.py

format: install ## Let ruff put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

audit: install ## Known vulnerabilities of everything locked; skipped with a line where no advisory source can be reached
	$(BIN)/python -m scripts.supply_chain audit

sbom: install ## What a server is made of, with digests and licenses: build/sbom.cdx.json (CycloneDX)
	$(BIN)/python -m scripts.supply_chain sbom build/sbom.cdx.json

licenses: install ## Write docs/licenses.md anew (after make lock)
	$(BIN)/python -m scripts.supply_chain licenses

docker-lint: install
	$(BIN)/hadolint Dockerfile

elasticsearch: install ## A real Elasticsearch on 127.0.0.1:ES_PORT, fetched once, no Docker (docs/elasticsearch.md)
	@$(BIN)/python -m scripts.elasticsearch start --port $(ES_PORT) --heap $(ES_HEAP)

elasticsearch-stop: install ## End that one
	@$(BIN)/python -m scripts.elasticsearch stop

bench: install ## Timings on this machine, each as a ratio to its bare parts
	$(BIN)/akin bench

prove: install ## Measure every figure we promise: name, measured, bar, ok|FAIL (ONLY=name-prefix for some)
	$(BIN)/python -m bench.prove $(if $(ONLY),--only $(ONLY))

render: install ## Render the demo shop's pictures anew (about half an hour; they are shipped, so rarely needed)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/demo.lock
	$(BIN)/python -m demo_shop build --out demo_shop

lock: ## Resolve the dependencies anew (needs uv)
	uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header pyproject.toml requirements/build.in -o requirements/run.lock
	uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --extra dev --extra onnx --extra fastembed --extra demo --extra google --extra vertex --extra aws --extra redis --extra tracing pyproject.toml -o requirements/dev.lock
	uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --extra demo pyproject.toml -o requirements/demo.lock

clean: ## Remove what make made, but not your data
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .demo
