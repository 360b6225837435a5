# Every target can be the first one that is run in a clean clone: it installs and builds what it needs.
SHELL := /bin/bash

GUESTS := SamplePlugins/.build/plugins

.PHONY: help run serve test test-envoy bench bench-envoy fuzz soak hostile lint format sanitize bootstrap guests

help: ## Say what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: guests ## Send real requests through a gateway with sandboxed filters, and check what comes back
	@swift build --package-path SampleHost --product SampleHost
	@swift run --package-path SampleHost --skip-build --quiet SampleHost demo --plugins $(GUESTS)

serve: guests ## The same gateway, staying up; prints curl lines to try
	@swift build --package-path SampleHost --product SampleHost
	@swift run --package-path SampleHost --skip-build --quiet SampleHost demo --serve --plugins $(GUESTS)

test: bootstrap ## Run every test and check: about 25 minutes the first time on two cores
	@Scripts/test

test-envoy: ## Compare the gateway with a real Envoy, exchange by exchange
	@Scripts/test-envoy

bench: guests ## Measure calls and hops against the same in C, and what reloads cost; writes Benchmarks/results.json
	@swift build --package-path Benchmarks -c release
	@swift run --package-path Benchmarks -c release --skip-build --quiet benchmarks --plugins $(GUESTS) --output Benchmarks/results.json

bench-envoy: ## Measure what filters cost in the gateway and in a real Envoy beside it; needs wrk
	@Scripts/bench-envoy

fuzz: bootstrap ## Give hostile bytes to everything that reads some, for SECONDS=60 in all
	@Scripts/fuzz $(or $(SECONDS),60)

soak: guests ## Reload filters under load for SECONDS=600, and print what became of requests, memory and descriptors
	@AIRLOCK_SOAK_SECONDS=$(or $(SECONDS),600) swift test --package-path SampleHost --quiet --disable-xctest --filter Soak

hostile: bootstrap ## Repeat each case of the hostile guests 1,000 times: an hour or more
	@AIRLOCK_HOSTILE_REPETITIONS=1000 swift test --disable-xctest --experimental-maximum-parallelization-width 4 --filter HostileGuestTests

lint: ## Check the format of the sources
	@Scripts/lint

format: ## Format the Swift sources in place
	@git ls-files -z '*.swift' | xargs -0 swift format format --in-place --parallel

sanitize: bootstrap ## Run the library's tests under the thread sanitizer, then the address and leak sanitizers
	@Scripts/sanitize thread
	@Scripts/sanitize address

guests: bootstrap ## Build the sample plugins for WebAssembly
	@Scripts/build-guests $(GUESTS)

bootstrap: ## Install libuv and the engine's library, once
	@Scripts/bootstrap
