# make demo    run everything on this machine (PORT=8080 DATA=folder PATIENTS=0)
# make test    check and test everything
# make lint    the checks alone
# make bench   measure, and print a table
# make fuzz    look for inputs that break a parser (MINUTES=20 TARGET=name)
# make audit   hold dependencies against deny.toml and what is known of them (asks the network)
# make sbom    list what the program is made of, as CycloneDX under target/
#
# Each installs first what it needs and this machine lacks.

SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c
.PHONY: demo test lint bench menus fuzz audit sbom

demo:
	@scripts/setup
	@exec cargo run --release --locked --quiet -- demo \
	    $(if $(PORT),--port $(PORT)) $(if $(DATA),--data "$(DATA)") $(if $(PATIENTS),--patients $(PATIENTS))

lint:
	@scripts/setup lint
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings

menus:
	@cargo build --locked --bins
	target=$${CARGO_TARGET_DIR:-target}
	"$$target/debug/mamacare" menu check menus
	"$$target/debug/mamacare" menu test menus

# Property tests draw the same cases each time; `cargo nextest run` by itself draws new ones.
test: export PROPTEST_RNG_SEED ?= 1
test: lint menus
	@scripts/setup test
	cargo test --locked --workspace --doc
	if cargo nextest --version >/dev/null 2>&1; then
	    cargo nextest run --locked --workspace
	else
	    cargo test --locked --workspace --lib --bins --tests
	fi

fuzz:
	@scripts/setup fuzz
	@exec scripts/fuzz "$(or $(MINUTES),20)" $(TARGET)

audit:
	@scripts/setup audit
	"$${CARGO_TARGET_DIR:-target}/tools/bin/cargo-deny" --locked check

sbom:
	@scripts/setup sbom
	@exec scripts/sbom

bench:
	@scripts/setup bench
	cargo build --locked --release
	cargo run --locked --release --example turns
	cargo run --locked --release --example reminders
	cargo run --locked --release --example outbox
	cargo run --locked --release --example api
