# Everything happens in .venv, made on first use; needs Python 3.10 or newer with pip.
#
#   make install        the library and the xray3d command, and the benchmark's peers
#   make test           style, types, tests
#   make demo [CT=…]    X-rays simulated from a CT, with a report, in demo/
#   make lint           style and types alone
#   make peers          the benchmark's peers alone, in an environment of their own
#   make clean          remove what the above made

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEERS := $(VENV)/peers
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.DELETE_ON_ERROR:
.PHONY: install peers test lint demo clean

install: $(VENV)/.installed $(PEERS)/.installed

peers: $(PEERS)/.installed

lint: $(VENV)/.installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

test: lint
	$(BIN)/pytest

demo: $(VENV)/.installed
	$(BIN)/xray3d demo $(if $(CT),--ct "$(CT)") -o demo --overwrite

clean:
	rm -rf $(VENV) demo build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find XRayCore Testing -name __pycache__ -prune -exec rm -rf {} +

# Where the system's Python comes without ensurepip, its own pip equips the new environment.
$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "XRay3D needs Python 3.10 or newer: make PYTHON=…")'
	$(PYTHON) -m venv $(VENV) 2>/dev/null \
	|| { $(PYTHON) -m venv --clear --without-pip $(VENV) && $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; }

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python $(PIP_INSTALL) --editable ".[torch,dev]"
	touch $@

# The peers pin and break each other's packages (a torchvision that does not fit torch, to name one), so they get an
# environment of their own, laid over .venv: it sees .venv's packages, .venv does not see its. A peer that cannot be
# had on this machine must not keep the library from being installed; the benchmark's table names what is missing.
$(PEERS)/.installed: peers.txt constraints.txt | $(VENV)/.installed
	$(BIN)/python -m venv --clear --without-pip $(PEERS)
	$(BIN)/python -c 'import sysconfig as s; print("import site; site.addsitedir(" + repr(s.get_path("purelib")) + ")")' \
		> $$($(PEERS)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/xray3d.pth
	while read -r peer; do \
		$(PEERS)/bin/python $(PIP_INSTALL) "$$peer" || echo "make: $$peer could not be installed; going on without it"; \
	done < peers.txt
	touch $@
