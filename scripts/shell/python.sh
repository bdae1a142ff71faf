# shellcheck shell=bash disable=SC2154
# Python with the packages that tests need, in a virtual environment. Sourced by scripts/servers.

# Prints the interpreter's path.
python_path() {
    local venv=$cache/python
    python_install "$venv" "$here/requirements.txt" >&2
    printf '%s\n' "$venv/bin/python"
}

python_install() {
    local venv=$1 wanted=$2
    # The list is copied last: an interrupted installation is repeated, and so is one whose list has changed.
    if cmp -s "$wanted" "$venv/installed.txt" && "$venv/bin/python" -c ''; then
        return
    fi
    need_python python
    say python "fetching $(grep -c '==' "$wanted") packages"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$wanted"
    cp "$wanted" "$venv/installed.txt"
}

# need_python FOR: a Python that can make virtual environments.
need_python() {
    if python3 -c 'import ensurepip, venv' 2>/dev/null; then
        return
    fi
    if ! can_install_packages; then
        fail "$1" "missing: Python 3.9 or newer with venv. Install it (Debian: python3 python3-venv) and run again"
    fi
    say "$1" "installing python3 and python3-venv"
    install_packages python3 python3-venv
}
