# Thin on purpose: each target hands over to scripts/ (setting up) or to sandbox/ (running the program).
# `make` alone lists what there is.

STACK ?= sandbox
STAGE ?=
FORCE ?=
CONTEXT ?=
KUBERNETES ?=

MAKEFLAGS += --no-print-directory
# Byte code that is not kept means compiling the providers' large SDKs anew in every run.
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := help
# make takes any name, and would go on without what was meant.
lower = $(if $(findstring command line,$(origin $(1))),$(error $(1)=$($(1)) is not known; write $(2)=$($(1))))
$(call lower,stage,STAGE)$(call lower,stack,STACK)$(call lower,force,FORCE)$(call lower,context,CONTEXT)$(call lower,kubernetes,KUBERNETES)
.PHONY: help setup up preview refresh down env aws test test-fast test-cluster check docs facts smoke-account upgrade-providers format bench lock clean

sandbox = @.venv/bin/python -m sandbox $(1) --stack '$(STACK)' $(if $(STAGE),--stage '$(STAGE)')
kubernetes_given = $(if $(KUBERNETES),--kubernetes '$(KUBERNETES)')

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { gsub(/\$$\$$/, "$$"); printf "  make %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@printf '\n  STAGE=1..7 picks the scaling stage, STACK=name the stack (sandbox unless said otherwise).\n'
	@printf '  KUBERNETES=real runs the real Kubernetes provider on a local API server: make up KUBERNETES=real.\n'
	@printf '  For example: make up STAGE=4, then make preview STAGE=5, then make down.\n'

setup: ## Set up dependencies and the Pulumi toolchain (the other targets do it when needed)
	@scripts/run setup --stack '$(STACK)' --stage '$(STAGE)'

up: setup ## Bring the stack up in the sandbox: the real engine, no account, nothing real touched
	$(call sandbox,up) $(kubernetes_given)

preview: setup ## Show what `make up` would change
	$(call sandbox,preview) $(kubernetes_given)

refresh: setup ## Compare the sandbox's world with the state, to see drift
	$(call sandbox,refresh)

down: setup ## Take the stack down again; FORCE=1 takes protected resources along
	$(call sandbox,down) $(if $(FORCE),--force)

env: setup ## Print exports, so that eval "$$(make -s env)" makes plain pulumi and aws work in the sandbox
	$(call sandbox,env)

aws: setup ## Say where the sandbox's AWS is, what it has, and what it lacks
	@.venv/bin/python -m sandbox aws

test: setup ## Run everything that can be tested without an account
	@scripts/test

test-fast: setup ## Run what takes a minute or two, while you work: no real engine, no servers
	@scripts/test --fast

test-cluster: setup ## Apply every stage's Kubernetes objects to the cluster that KUBECONFIG names, and remove them
	@ASCENT_TEST_CLUSTER=1 ASCENT_TEST_CONTEXT='$(CONTEXT)' ASCENT_TEST_PROVIDER='$(KUBERNETES)' \
		.venv/bin/python -m pytest -s -v -rs $(if $(KUBERNETES),tests/cluster/test_real_provider.py,tests/cluster)

check: setup ## Formatting, lint, types, import rules, and whether the tables in the documents are up to date
	@scripts/run check

docs: setup ## Write the generated parts of the documents anew: some minutes, as many stages are rendered
	@.venv/bin/python -m ops.documents

facts: setup ## Write the rows of the catalog anew that AWS' models and Cloudflare's provider say
	@.venv/bin/python -m tests.aws.facts

upgrade-providers: setup ## Take the newest SDKs (or TO='pulumi-aws==7.52.0'), and show what they change
	@scripts/run upgrade $(TO)

smoke-account: setup ## Bring STACK up on a real, empty account, compare it with the sandbox, and take it down: docs/truth.md
	@.venv/bin/python -m ops.smoke --stack '$(STACK)'

format: setup ## Format the code and sort the imports
	@.venv/bin/ruff check --quiet --select I --fix . && .venv/bin/ruff format --quiet .

bench: setup ## Measure how long the program and its commands take
	@.venv/bin/python -m benchmarks

lock: ## Compile the lock files anew from requirements.in and tools/*/requirements.in
	@scripts/run lock

clean: ## Remove .venv, .toolchain and the sandbox's state; the cache of built tools stays
	@scripts/run clean
