# `just` lists what there is.
_default:
    @just --list

# Everything that a change must pass, as in CI
check:
    .ci/run

# All tests, or those named: just test --test cli
test *ARGS:
    cargo test {{ ARGS }}

# Measure the hot paths: just bench --bench region
bench *ARGS:
    cargo bench --benches {{ ARGS }}

# Whether the mock's time is right: just delay-line --minutes 10
delay-line *ARGS:
    cargo bench --bench delay_line -- {{ ARGS }}

# Whether mock and simulation agree, below and beyond capacity
agreement:
    cargo bench --bench agreement

# The simulator against queueing theory, near saturation too
theory:
    cargo test --test theory -- --include-ignored --nocapture

# How often intervals hold a truth that is known, over a thousand runs each
coverage:
    cargo test --test coverage -- --include-ignored --nocapture

# An hour under load and a day in virtual time, or as many minutes as are given: memory, lateness, records
soak *ARGS:
    .ci/soak {{ ARGS }}

# Each fuzz target for so many seconds, two at a time
fuzz SECONDS="600":
    .ci/fuzz {{ SECONDS }}

# Licences, advisories and duplicates (needs cargo-deny)
deny:
    cargo deny check

# A mock Bedrock for any client: just mock --port 7080
mock *ARGS:
    cargo run --release -- mock {{ ARGS }}

# A short run against the built-in mock: just run --route sydney
run *ARGS:
    cargo run --release -- run --rps 50 --mock -d 30s {{ ARGS }}
