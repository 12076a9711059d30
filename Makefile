# The commands a person needs. README and .ci/run use the same ones.

.PHONY: help run test lint bench

help:
	@echo "make run    build and start the demo: a sample office, three callers"
	@echo "make test   formatting, lints, licences and every test, real SIP peers included"
	@echo "make lint   formatting, lints and licences alone"
	@echo "make bench  measure a release build; baresip beside it"

run:
	@scripts/install-packages build
	@scripts/run

test:
	@scripts/install-packages build test
	@scripts/lint
	@scripts/test

lint:
	@scripts/install-packages build
	@scripts/lint

bench:
	@scripts/install-packages build test
	@scripts/bench
