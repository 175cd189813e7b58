# The everyday acts. `make` alone lists them. Every one sets up what it needs by itself.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# One set of packages and features everywhere, so that nothing is compiled twice.
ALL := --locked --workspace --all-features
PYTHON := .venv/bin/python

UI_SOURCES := $(shell find ui/src ui/public -type f -not -name '*.test.ts' -not -path '*/testing/*') ui/index.html \
	ui/package.json ui/tsconfig.json ui/vite.config.ts

.PHONY: help setup ui forms bindings demo tablet test window screens sim fuzz bench lint fmt clean-demo

help: ## lists what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12

setup: ## installs what is missing: system packages, npm packages, Python packages
	@scripts/setup
	@$(MAKE) --silent ui/node_modules/.package-lock.json tests/tus-js/node_modules/.package-lock.json .venv/.complete

ui/node_modules/.package-lock.json: ui/package-lock.json ui/package.json
	npm --prefix ui ci --loglevel=error --no-audit --no-fund
	@touch $@

tests/tus-js/node_modules/.package-lock.json: tests/tus-js/package-lock.json tests/tus-js/package.json
	npm --prefix tests/tus-js ci --loglevel=error --no-audit --no-fund
	@touch $@

.venv/.complete: scripts/forms/requirements.txt
	python3 -m venv --clear .venv
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

ui: setup ## builds the interface into ui/dist
	@$(MAKE) --silent ui/dist/index.html

ui/dist/index.html: ui/node_modules/.package-lock.json $(UI_SOURCES)
	npm --prefix ui exec -- vite build --logLevel=warn ui
	@touch $@

forms: setup ## turns the spreadsheets of packs/ into forms
	$(PYTHON) scripts/forms/build

bindings: ui ## writes the interface's types from core's
	rm -f ui/src/api/bindings/*.ts
	cargo test $(ALL) --lib --quiet export_bindings

demo: ui ## shows a station and two tablets at work on generated data (in demo-data/)
	scripts/demo

tablet: ui ## opens the tablet's window; AILCHIN_TABLET_DIR names another tablet than your own
	cargo build $(ALL)
	target/debug/ailchin

test: ui ## runs every test
	scripts/test

window: ui ## runs the journeys through the real window only; pictures in target/screenshots
	cargo build $(ALL)
	cargo test $(ALL) --test window

screens: setup ## takes the pictures of docs/SCREENS.md anew
	npm --prefix ui run screens

sim: ## tells stories of the simulation: SEEDS=1000, FROM=1 or SEED=17
	cargo build --locked --package ailchin-tests --all-features --bin sim
	target/debug/sim $(if $(SEED),--seed $(SEED)) $(if $(SEEDS),--seeds $(SEEDS)) $(if $(FROM),--from $(FROM))

fuzz: ## tries every parser on damaged bytes: SECONDS=60
	cargo build --locked --package ailchin-tests --all-features --bin fuzz
	target/debug/fuzz $(if $(SECONDS),--seconds $(SECONDS))

bench: ui ## measures and writes docs/BENCHMARKS.md
	cargo build --locked --release --bin ailchin-server --bin bench
	target/release/bench

lint: ui ## runs every lint
	scripts/lint

fmt: setup ## formats Rust and repairs what the interface's linter can repair
	cargo fmt --all
	npm --prefix ui exec -- eslint --fix ui

clean-demo: ## removes the data of the demonstration
	rm -rf demo-data
