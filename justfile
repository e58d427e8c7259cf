# Thin names over cargo, npm and the scripts: `just` lists them.

_list:
    @just --list

# The platform, for playing
play *args:
    ./play {{args}}

# Every test, or some: just test rust herald e2e k8s
test *stages:
    ./test {{stages}}

# Formats, lints and types, without tests
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings
    npm --prefix herald run check
    npm --prefix herald run lint

# The engine's parts, its size and its stores, each by itself; with words only those: just bench turn
bench *filter:
    cargo bench --bench parts --bench scale --bench stores -- {{filter}}

# The Nexus under the load of 200 players, beside a bare echo server: figures, thresholds, a page
load *args:
    cargo build --release --bin nexus
    cargo build --release -p loadtest
    target/release/loadtest run --players 200 --rate 1 --beside echo --rounds 3 --seconds 20 \
        --json load.json --html load.html \
        --expect 'realms.paced.cpu_percent < 25' --expect 'realms.paced.rss_mib < 100' \
        --expect 'realms.paced.p50_ms - echo.paced.p50_ms < 2' \
        --expect 'realms.paced.p99_ms - echo.paced.p99_ms < 8' {{args}}

# The Nexus and every baseline side by side: the table and a page
compare *args:
    cargo build --release --bin nexus
    cargo build --release -p loadtest
    target/release/loadtest compare --json compare.json --html compare.html {{args}}

# How fast a Nexus is there again with the starter world on its disk
start *args:
    cargo build --release --bin nexus
    cargo build --release -p loadtest
    target/release/loadtest start --world-folder worlds/low-water --below 300 {{args}}
