# Everything a person types. The environment is .venv of this checkout; nothing else is changed.

SHELL := /bin/sh
.DEFAULT_GOAL := help
# Python's bytecode cache halves the start of Airflow and dbt, so it is kept whatever is set outside.
unexport PYTHONDONTWRITEBYTECODE PYTHONHOME

IN := 3.11 3.12 3.13
RUN := .venv/bin/python

.PHONY: help setup demo up down test lint format bench requirements clean

help: ## List every target
	@grep -hE '^[a-z]+:.*## ' Makefile | awk -F ':.*## ' '{ printf "  make %-14s %s\n", $$1, $$2 }'

setup: ## Make the environment in .venv (done by the others when needed)
	@python=''; \
	for candidate in "$(PYTHON)" python3 $(IN:%=python%); do \
	  [ -n "$$candidate" ] || continue; \
	  "$$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	    2>/dev/null && { python=$$candidate; break; }; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "make setup: no Python 3.11, 3.12 or 3.13 was found; install one and run" \
	    "'make setup PYTHON=/path/to/it'." >&2; exit 1; \
	fi; \
	"$$python" include/baton/services/environment.py

demo: setup ## Run the whole motion on invented data through Airflow; Ctrl-C stops it
	@$(RUN) -m baton.services.demo

up: setup ## Start the services for daily work and leave them running
	@$(RUN) -m baton.services.up

down: setup ## Stop the services of `make up`
	@$(RUN) -m baton.services.up --stop

test: setup ## Run every test
	@$(RUN) -m pytest -n 2 --dist loadfile $(ARGS)

lint: setup ## ruff, mypy, import-linter, sqlfluff
	@$(RUN) -m baton.services.lint

format: setup ## Let ruff put the code in order
	@.venv/bin/ruff check --fix --quiet . || true
	@.venv/bin/ruff format .

bench: setup ## Run one benchmark: make bench BENCH=demo
	@if [ ! -f "benchmarks/$(BENCH).py" ]; then \
	  echo "make bench: say which, BENCH= one of:" \
	    $$(grep -l "^def main" benchmarks/*.py | sed "s,.*/,,;s,[.]py$$,,") >&2; exit 1; fi
	@$(RUN) benchmarks/$(BENCH).py

requirements: setup ## Pin again what pyproject.toml asks for
	@.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --group dev pyproject.toml -o requirements.txt

clean: setup ## Delete the demo's data, so that the next one starts from nothing
	@$(RUN) -m baton.services.up --clean
