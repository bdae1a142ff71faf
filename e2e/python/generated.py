"""Generated requests for every operation of both doors, with the contract as it is: schemathesis.

usage: generated.py CHECKOUT SHOPPERS STAFF [EXAMPLES]   (host and port of a running shop's doors; examples per operation)

Fails on a 5xx, on an answer that the contract does not describe, and if fewer than a third of the valid commands are accepted.
Ids of objects are those of objects that exist, as a person with the contract would choose them; everything else is generated.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

SEED = "20260730"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance"


def start(checkout: Path, door: str, address: str, staff: str, shoppers: str, examples: str, folder: str) -> subprocess.Popen:
    program = [sys.executable, "-m", "schemathesis.cli", "run", f"http://{address}/openapi.json"]
    program += ["--url", f"http://{address}", "--checks", CHECKS, "--seed", SEED, "--max-examples", examples]
    program += ["--suppress-health-check", "all", "--warnings", "off", "--continue-on-failure", "--mode", "all"]
    # The coverage of every keyword takes minutes.
    program += ["--phases", "examples,fuzzing,stateful" + (",coverage" if int(examples) > 10 else "")]
    environment = os.environ | {
        "SCHEMATHESIS_HOOKS": "objects",
        "PYTHONPATH": str(checkout / "e2e/python"),
        "CHECK_STAFF": staff,
        "CHECK_SHOPPERS": shoppers,
        "CHECK_COUNTS": f"{folder}/{door}.json",
    }
    said = open(f"{folder}/{door}.txt", "w", encoding="utf-8")
    return subprocess.Popen(program, cwd=folder, env=environment, stdout=said, stderr=subprocess.STDOUT)


def main(checkout: Path, shoppers: str, staff: str, examples: str) -> None:
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        doors = {"shoppers": shoppers, "staff": staff}
        running = {
            door: start(checkout, door, address, staff, shoppers, examples, folder) for door, address in doors.items()
        }
        failed = [door for door, process in running.items() if process.wait() != 0]
        for door in failed:
            print((Path(folder) / f"{door}.txt").read_text(encoding="utf-8"))
        assert not failed, failed
        for door in doors:
            outcomes += Counter(json.loads((Path(folder) / f"{door}.json").read_text()))
    for outcome, count in sorted(outcomes.items()):
        print(f"{count:6} {outcome}")
    accepted, refused = outcomes["valid accepted"], outcomes["valid refused"]
    print(f"{accepted} of {accepted + refused} valid commands were accepted")
    assert accepted > 0 and accepted * 3 >= accepted + refused, "fewer than a third"


main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4] if len(sys.argv) > 4 else "10")
