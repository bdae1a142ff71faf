# shellcheck shell=bash disable=SC2154
# Programs of other people that read topics, for the long tests: jars with Kafka Connect, and a Python with ClickHouse and Flink. Sourced by
# scripts/servers.

# Prints a directory with `jars` and `python`.
sinks_path() {
    local dir=$cache/sinks
    mkdir -p "$dir"
    sinks_java >&2
    fetch_jars sinks "$dir/jars" '60 MB' >&2
    # Flink's Python packages exist for Python 3.10 to 3.12.
    python_install "$dir/python" "$here/servers.d/sinks/requirements.txt" >&2
    printf '%s\n' "$dir"
}

# A JDK: a test runs Java source.
sinks_java() {
    if java_is_new && java --list-modules | grep -q '^jdk.compiler' && command -v mvn >/dev/null; then
        return
    fi
    if ! can_install_packages; then
        fail sinks "missing: a JDK 17 or newer and Maven. Install them (Debian: openjdk-17-jdk-headless, maven) and run again"
    fi
    apt-get update -qq || true
    say sinks "installing a JDK and Maven"
    install_packages "$(first_known openjdk-17-jdk-headless default-jdk-headless)" maven
}
