# make          the command bin/dmt and the plugins in bin/plugins, in release
# make help     all targets

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
# SwiftPM runs compilers side by side itself and locks its build folder; targets run one after the other.
.NOTPARALLEL:

CONFIGURATION ?= release
# The root package, the umbrella of all plugins and every plugin's tests share one build folder, so what they have in
# common compiles once (docs/decisions/0011-umbrella-package.md).
BUILD := .build
SWIFT_FLAGS := -c $(CONFIGURATION) --scratch-path $(abspath $(BUILD))
ARTIFACTS := $(BUILD)/$(CONFIGURATION)

# Where `make install` puts things; DESTDIR goes in front of it, for making packages.
PREFIX ?= /usr/local
DESTDIR ?=

DEMO_MANIFEST ?= Examples/goodbooks/dmt-dcn.yaml
DEMO_RUN ?= runs/demo

export CONFIGURATION

.DEFAULT_GOAL := all
.PHONY: all core plugins install uninstall setup demo multi-host test contract lint format clean help

all: core plugins ## build the command and all plugins in release into bin/
	@echo "built: bin/dmt, and in bin/plugins: $$(ls bin/plugins | tr '\n' ' ')"

core: toolchain ## build the command alone: bin/dmt
	@echo "building dmt ($(CONFIGURATION))"
	@swift build $(SWIFT_FLAGS) --product dmt
	@mkdir -p bin
	@cmp -s $(ARTIFACTS)/dmt bin/dmt || { cp $(ARTIFACTS)/dmt bin/dmt.new && mv -f bin/dmt.new bin/dmt; }

# SwiftPM caches a manifest by its text and the environment; DMT_SIDECARS makes it read changed sidecars.
plugins: toolchain Package.resolved ## build the plugins that this machine has the libraries for: bin/plugins
	@names="$$(Scripts/available-plugins.sh | tr '\n' ' ')"; \
	echo "building plugins ($(CONFIGURATION)): $$names"; \
	cp Package.resolved Plugins/; \
	export DMT_PLUGINS="$$names" DMT_SIDECARS="$$(cat Plugins/*/plugin.json | cksum)"; \
	swift build $(SWIFT_FLAGS) --force-resolved-versions --package-path Plugins; \
	Scripts/install-plugins.sh Plugins $(ARTIFACTS) bin/plugins $$names

# Every package in the shared build folder is held to the root's versions: one checkout of each dependency, and no look at
# its remote whenever the folder passes from one package to another.
Package.resolved: Package.swift | toolchain
	@swift package --scratch-path $(abspath $(BUILD)) resolve
	@touch $@

install: all ## install command, plugins, headers, SDK, man pages: PREFIX=/usr/local, DESTDIR= for packages
	@Scripts/install.sh install $(abspath $(PREFIX)) $(DESTDIR)

uninstall: ## remove what make install put there
	@Scripts/install.sh uninstall $(abspath $(PREFIX)) $(DESTDIR)

setup: ## install the system packages that are missing (apt-get, with sudo when not root)
	@Scripts/setup.sh

demo: setup all ## install, build, train the two-tower DMT-DCN on goodbooks-10k, print its test figures
	@rm -rf $(DEMO_RUN)
	bin/dmt train $(DEMO_MANIFEST) --out $(DEMO_RUN)

multi-host: all ## the multi-host experiment on this machine: root, iproute2, openmpi-bin; FULL=1 runs every setting
	@Examples/multi-host/run.sh

test: all ## build and run every test; make test SUITES="headers core" runs these
	@Tests/run-all.sh $(SUITES)

contract: ## write what follows from the contract's headers: docs/abi-reference.md, the kept headers of an unreleased minor
	@Scripts/contract-keep.sh
	@Scripts/contract-reference.sh > docs/abi-reference.md.new
	@mv -f docs/abi-reference.md.new docs/abi-reference.md

lint: toolchain ## check the format of all Swift files
	@Scripts/swift-files.sh | xargs -0 swift format lint --strict

format: toolchain ## format all Swift files in place
	@Scripts/swift-files.sh | xargs -0 swift format --in-place

clean: ## remove what make and make test built; runs/ stays
	rm -rf $(BUILD) Plugins/.build Plugins/*/.build bin

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

.PHONY: toolchain
toolchain:
	@command -v swift > /dev/null || \
	  { echo "swift is not on the PATH: install Swift 6.3 (https://www.swift.org/install/linux)" >&2; exit 69; }
