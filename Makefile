# What people and CI type. `make ci` is what .ci/run does; everything of a build lies in .build*.
# Release everywhere: debug compiles BoringSSL without optimisation, ten times slower (docs and Package.swift say which slice has which folder).
SHELL := /bin/bash
SWIFT_TEST := swift test -c release --disable-testable-imports
PYTHON := .build-venv/bin/python

.PHONY: help run setup build test test-swift check ci bench wasm test-wasm check-wasm bench-crypto bench-mls fuzz mutation vectors interop-build clean
.NOTPARALLEL:

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## build the server and start it on this machine: http://127.0.0.1:8080, data in ./data
	@Scripts/run

setup: ## install what building and testing need
	Scripts/setup

build: ## compile everything that runs on Linux
	swift build -c release

test: test-swift test-wasm ## all tests: Swift's, and the engine in node and Chromium

test-swift:
	swift build -c release --product hauspost
	$(SWIFT_TEST)

wasm: ## the browser's engine: .build-web/core.wasm
	Scripts/build-wasm

test-wasm: wasm ## the engine, and the test vectors on its cryptography, in node and Chromium
	Scripts/build-wasm vectors
	node Web/engine/test/node.mjs
	$(PYTHON) Web/engine/test/browser.py
	node Web/engine/test/vectors.mjs || [ $$? = 77 ]
	$(PYTHON) Web/engine/test/vectors.py || [ $$? = 77 ]

check-wasm: wasm ## the engine's size, and the same bytes from two folders
	Scripts/check-wasm-size
	Scripts/check-reproducible

check: ## for quick work: the portable targets and the delivery core, without network, stores and browser
	HAUSPOST_SLICE=core $(SWIFT_TEST) --scratch-path .build-core

ci: test check-wasm mutation ## what CI does

bench: ## what the house costs: start, memory, a message's way, a long history; and the engine's size
	swift build -c release --product hauspost
	swift build -c release --product bench-house
	@$$(swift build -c release --show-bin-path)/bench-house
	@Scripts/build-wasm > /dev/null && Scripts/check-wasm-size

bench-crypto: ## what the primitives cost, natively and in node
	swift run -c release bench-crypto
	HAUSPOST_BENCHMARK=1 Scripts/build-wasm
	node Web/engine/test/benchmark.mjs

# Each of the following runs one script, where that exists.
bench-mls: ## what groups of 10 to 10,000 members cost
	@Scripts/run-if-present bench-mls
fuzz: ## decoders and validation under libFuzzer
	@Scripts/run-if-present fuzz
mutation: ## turn off one validation rule at a time; a test must notice
	@Scripts/run-if-present mutation
vectors: ## the standards' test vectors natively, in node and in Chromium: HAUSPOST_VECTORS says where they are
	$(SWIFT_TEST) --filter 'Vector|KnownAnswer'
	Scripts/build-wasm vectors
	node Web/engine/test/vectors.mjs || [ $$? = 77 ]
	$(PYTHON) Web/engine/test/vectors.py || [ $$? = 77 ]

interop-build: ## the engine as a peer of other implementations, see Interop/README.md; not part of any test
	swift build -c release --package-path Interop

clean: ## forget everything built
	rm -rf .build .build-* Interop/.build
