# Needs Rust, Python 3 and make. Everything else is installed into .venv, from requirements.txt.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
# checkov needs an older boto3 than the other tools do.
CHECKOV := .venv-checkov
TARGET := $(or $(CARGO_TARGET_DIR),target)

# The functions are built for this machine, so that they can run on it.
ARCHITECTURE := $(if $(filter aarch64 arm64,$(shell uname -m)),arm64,x86_64)
# One crate a folder.
FUNCTIONS := $(notdir $(wildcard functions/*))

# The version of the workspace.
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)

# sam, cargo-lambda and zig come from the environment.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export SAM_CLI_TELEMETRY := 0

# One selection of packages and features for every debug build: another selection would compile the
# dependencies again.
CARGO_DEBUG := --workspace --locked

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "%-15s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

.PHONY: demo
demo: build ## Show on a local AWS how the functions verify a trail and report attacks on it
	cargo build -q $(CARGO_DEBUG) --bin demo --bin trailseal
	$(TARGET)/debug/demo $(DEMO_FLAGS)

.PHONY: demo-hold
demo-hold: DEMO_FLAGS := --hold
demo-hold: demo ## Run the demo and keep its bucket until Ctrl-C, to try the command `trailseal`

# Each step prints its name and how long it took.
CHECK_STEPS := fmt-check clippy unit stories
TEST_STEPS := fmt-check lint,clippy docs core fuzz-check unit build e2e browser,sam-local

# What runs the functions builds them, unless `make test` just did.
BUILD ?= build

.PHONY: check
check: ## Run the quick checks while you work: format, lints, unit tests, stories
	@tests/steps $(CHECK_STEPS)

.PHONY: test
test: ## Run every check and test
	@BUILD= tests/steps $(TEST_STEPS)

.PHONY: fmt-check
fmt-check: ## Check the format of the Rust code
	cargo fmt --all --check

.PHONY: lint
lint: lint-template lint-crates ## Check the template and the crates of the lock file

.PHONY: lint-crates
lint-crates: venv ## Check licenses, versions and sources of the crates against deny.toml
	cargo deny --locked check licenses bans sources
	cd fuzz && cargo deny --locked --config ../deny.toml check licenses bans sources

.PHONY: advisories
advisories: venv ## Search the RustSec database for vulnerabilities of the crates; needs github.com
	cargo deny --locked check advisories

.PHONY: core
core: ## Check that the core does not use AWS SDKs, Lambda or tokio, and the command not SNS, SQS or Lambda
	@tree=$$(cargo tree -p trailseal -e normal --locked); \
	    ! grep -E 'aws-sdk-|aws-config|lambda_runtime|tokio' <<<"$$tree"
	@tree=$$(cargo tree -p trailseal-cli -e normal --locked); \
	    ! grep -E 'lambda_runtime|aws-sdk-s[nq]s' <<<"$$tree"

.PHONY: docs
docs: ## Build the crates' documentation; a broken link is an error
	RUSTDOCFLAGS='-D warnings -A rustdoc::private_intra_doc_links' cargo doc --document-private-items --workspace --no-deps --locked

.PHONY: fuzz-check
fuzz-check: ## Compile the fuzz targets, and with them the core without the workspace's features
	cargo check -q --manifest-path fuzz/Cargo.toml --locked --target-dir $(TARGET)

.PHONY: lint-template
lint-template: venv $(CHECKOV)/installed ## Check template.yaml
	cfn-lint template.yaml docs/trail-status-role.yaml
	$(CHECKOV)/bin/checkov -f template.yaml --framework cloudformation --compact --quiet --skip-download
	AWS_DEFAULT_REGION=us-east-1 sam validate --lint
	python tests/local-aws/translate.py template.yaml >/dev/null

.PHONY: clippy
clippy: ## Lint the Rust code
	cargo clippy --workspace --all-targets --locked -- -D warnings

.PHONY: unit
unit: ## Run the unit tests
	cargo test $(CARGO_DEBUG) --lib --bins
	cargo test $(CARGO_DEBUG) --doc

.PHONY: stories
stories: ## Run the stories of the checks, over trails in memory
	cargo test $(CARGO_DEBUG) --test stories --test changed --test documents

# The tests record which permissions the functions use. The last test looks for those that none uses.
RECORD := $(abspath $(TARGET))/privileges.jsonl

.PHONY: e2e
e2e: $(BUILD) ## Run the property and end-to-end tests, with the functions of `make build`
	cargo build $(CARGO_DEBUG) --bin trailseal --bin trailseal-doctor
	rm -f $(RECORD)
	TRAILSEAL_PRIVILEGES=$(RECORD) cargo test $(CARGO_DEBUG) --test '*'
	TRAILSEAL_PRIVILEGES=$(RECORD) cargo test $(CARGO_DEBUG) --test privileges -- --ignored

# Seeds and figures: docs/faults.md. Only a complete run writes them.
FAULT_RUNS ?= 1000
FAULT_STAGES ?= 4
.PHONY: faults
faults: $(BUILD) ## Break the calls of the functions to AWS in FAULT_RUNS seeded runs, and write docs/faults.md
	cargo test $(CARGO_DEBUG) --test faults --no-run
	TRAILSEAL_FAULT_RUNS=$(FAULT_RUNS) TRAILSEAL_FAULT_SEED=$(FAULT_SEED) TRAILSEAL_FAULT_STAGES=$(FAULT_STAGES) \
	    TRAILSEAL_FAULT_MINUTES=$(FAULT_MINUTES) $(if $(FAULT_SEED),,$(if $(filter 1000,$(FAULT_RUNS)),TRAILSEAL_WRITE=1)) \
	    cargo test $(CARGO_DEBUG) --test faults no_finding -- --nocapture

.PHONY: privileges
privileges: $(BUILD) ## Run the end-to-end tests, and write docs/privileges.md: which permissions the functions have and use
	cargo build $(CARGO_DEBUG) --bin trailseal --bin trailseal-doctor
	rm -f $(RECORD)
	TRAILSEAL_PRIVILEGES=$(RECORD) cargo test $(CARGO_DEBUG) --test pipeline
	TRAILSEAL_PRIVILEGES=$(RECORD) TRAILSEAL_WRITE=1 cargo test $(CARGO_DEBUG) --test privileges -- --ignored

.PHONY: browser
browser: venv ## Test the HTML report in a real browser
	tests/browser/run

.PHONY: sam-local
sam-local: $(BUILD) ## Run each function in a container, through `sam local invoke`
	cargo build -q $(CARGO_DEBUG) --bin trail
	TRAIL=$(TARGET)/debug/trail tests/sam-local/run

.PHONY: local-aws
local-aws: venv ## Start a local AWS for `sam local invoke`, with the trail that the events in events/ name
	cargo build -q $(CARGO_DEBUG) --bin trail
	TRAIL=$(TARGET)/debug/trail tests/local-aws/up

.PHONY: build
build: venv ## Build the functions into .aws-sam/build
	# All in one run of cargo, on every core; `sam build` then finds them built.
	cargo lambda build --release --locked $(if $(filter arm64,$(ARCHITECTURE)),--arm64) $(FUNCTIONS:%=-p %)
	sam build --beta-features --parameter-overrides Architecture=$(ARCHITECTURE)
	# `sam local invoke` sets no variable that is missing from its template.
	python tests/local-aws/overlay.py .aws-sam/build/template.yaml >.aws-sam/build/local.json

# The version of the tool that writes the list of crates into each executable.
CARGO_AUDITABLE := 0.7.7

.PHONY: release
release: venv cargo-auditable ## Build the files of a release into dist/VERSION, for the installed targets of Rust
	release/build "dist/$(VERSION)"

.PHONY: release-check
release-check: venv cargo-auditable ## Build the release twice, in different folders, and compare the checksums
	release/check

.PHONY: cargo-auditable
cargo-auditable:
	@installed=$$(cargo install --list); grep -q '^cargo-auditable v$(CARGO_AUDITABLE):' <<<"$$installed" \
	    || cargo install --locked --version $(CARGO_AUDITABLE) cargo-auditable

.PHONY: terraform-parameters
terraform-parameters: venv ## Write the inputs of the Terraform module from the parameters of template.yaml
	python release/terraform_parameters.py

.PHONY: venv
venv: $(VENV)/installed ## Install the Python tools into .venv

$(VENV)/installed: requirements.txt
	$(PYTHON) -m venv --clear $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(CHECKOV)/installed: requirements-checkov.txt
	$(PYTHON) -m venv --clear $(CHECKOV)
	$(CHECKOV)/bin/pip install --quiet --disable-pip-version-check -r requirements-checkov.txt
	touch $@

.PHONY: bench
bench: build ## Run the benchmarks against the AWS CLI and the machine's limits; BENCH_FLAGS=--write writes docs/benchmarks.md
	cargo build --profile command --locked -p trailseal-bench -p trailseal-cli
	$(TARGET)/command/trailseal-bench $(BENCH_FLAGS)

# The tool that finds the crate of each piece of machine code.
CARGO_BLOAT := 0.12.1

.PHONY: sizes
sizes: ## Build the functions with names, and write docs/sizes.md: what their executables consist of
	@installed=$$(cargo install --list); grep -q '^cargo-bloat v$(CARGO_BLOAT):' <<<"$$installed" \
	    || cargo install --locked --version $(CARGO_BLOAT) cargo-bloat
	$(PYTHON) bench/sizes.py

.PHONY: fuzz
fuzz: ## Fuzz each byte format for a minute, or for FUZZ_SECONDS, and print a table
	fuzz/run $(or $(FUZZ_SECONDS),60)

.PHONY: clean
clean: ## Remove everything that was built or installed
	cargo clean
	rm -rf .aws-sam .local dist $(VENV) $(CHECKOV)
