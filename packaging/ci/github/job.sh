#!/bin/bash
# The steps of action.yml: find, measure, judge. Options come as variables, which the action sets from its inputs.
set -euo pipefail

# An annotation; its text is made harmless as GitHub's runner reads it.
annotate() {
    local text=${3//'%'/%25}
    text=${text//$'\r'/%0D}
    printf '::%s title=%s::%s\n' "$1" "$2" "${text//$'\n'/%0A}"
}

fail() {
    annotate error tracer "$1"
    exit 4
}

# The tracer that later steps use: the one that is given, the one in PATH, or one that is built from the checkout that this
# action is part of.
find_tracer() {
    local found=${TRACER:-} source
    source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
    if [ -z "$found" ] && ! found=$(command -v tracer); then
        [ -e "$source/tracer/Cargo.toml" ] || fail "no tracer in PATH, and no sources beside the action: set the input tracer"
        cargo install --locked --quiet --path "$source/tracer" --root "$RUNNER_TEMP/tracer"
        found=$RUNNER_TEMP/tracer/bin/tracer
    fi
    found=$(realpath "$found")
    "$found" --version || fail "$found does not run here"
    echo "TRACER_BINARY=$found" >>"$GITHUB_ENV"
}

# Words before a command that give it root, where that takes no password. sudo has a PATH of its own.
root=()
find_root() {
    if [ "$(id -u)" = 0 ]; then
        return
    elif sudo -n true 2>/dev/null; then
        root=(sudo -n -E env "PATH=$PATH")
    else
        annotate warning "tracer runs without root" \
            "there is no root and no sudo that asks for no password: measuring needs CAP_BPF and CAP_PERFMON, recordings that are there can be judged all the same"
    fi
}

# One run of a server; the load is not root's, tracer gives it to whoever called sudo.
measure_one() {
    local setup=$1 recording=$2 code=0
    if [ -n "$setup" ]; then
        bash -c "$setup" || fail "the command that starts the server failed: $setup"
    fi
    # Shell words that the workflow's author wrote, as the load and the setup are.
    local -a target=()
    eval "target=($TARGET)"
    "${root[@]}" "$TRACER_BINARY" "$FAMILY" "${target[@]}" -q -o "json:$recording" -- bash -c "$LOAD" || code=$?
    case $code in
    0) ;;
    125) fail "could not measure; the line above says what is missing" ;;
    *) fail "the load ended with exit code $code" ;;
    esac
}

measure() {
    [ -n "$TARGET" ] || fail "nobody to measure: set the input target, such as --pid \$(cat nginx.pid)"
    [[ $RUNS =~ ^[1-9][0-9]*$ ]] || fail "the input runs is not a number above 0: $RUNS"
    find_root
    mkdir -p "$RESULTS/new"
    # Names sort as the runs were made.
    local run number
    for ((run = 1; run <= RUNS; run++)); do
        printf -v number %04d "$run"
        if [ -n "$OLD_SETUP" ]; then
            mkdir -p "$RESULTS/old"
            measure_one "$OLD_SETUP" "$RESULTS/old/$number.json"
        fi
        measure_one "$NEW_SETUP" "$RESULTS/new/$number.json"
    done
}

# Runs a gate; its table and its annotations are in the log, its Markdown in the job's summary.
gate() {
    local name=$1 code=0
    shift
    local -a choice=() page=()
    if [ "$name" = compare ]; then page=(-o "$RESULTS/$name.html"); fi
    if [ -n "$ON_INCONCLUSIVE" ]; then choice=(--on-inconclusive "$ON_INCONCLUSIVE"); fi
    "$TRACER_BINARY" "$name" "$@" "${choice[@]}" \
        -o "$RESULTS/$name.json" -o "$RESULTS/$name.md" -o "$RESULTS/$name.xml" "${page[@]}" || code=$?
    if [ -e "$RESULTS/$name.md" ]; then
        cat "$RESULTS/$name.md" >>"$GITHUB_STEP_SUMMARY"
    fi
    return "$code"
}

# Both gates run, whatever the first one found. What could not be judged weighs most, then what failed.
judge() {
    local code=0 old=${OLD:-}
    local -a codes=() options=() limits=()
    if [ -z "$old" ] && [ -d "$RESULTS/old" ]; then old=$RESULTS/old; fi
    if [ -n "$old" ]; then
        eval "options=($COMPARE_OPTIONS)"
        gate compare --old "$old" --new "$RESULTS/new" "${options[@]}" || code=$?
        codes+=("$code")
    fi
    if [ -n "$LIMITS" ]; then
        code=0
        eval "limits=($LIMITS)"
        gate check "$RESULTS/new" "${limits[@]}" || code=$?
        codes+=("$code")
    fi
    [ ${#codes[@]} -gt 0 ] || annotate notice tracer "nothing was judged: there are neither old recordings nor limits"
    for code in 4 2 1 3; do
        if [[ " ${codes[*]-} " == *" $code "* ]]; then exit "$code"; fi
    done
}

case ${1:-} in
find) find_tracer ;;
measure) measure ;;
judge) judge ;;
*) fail "unknown step ${1:-}: find, measure or judge" ;;
esac
