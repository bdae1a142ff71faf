#!/usr/bin/env python3
"""Audits a Chorale shop from its topics alone, with no code of the shop's.

Reads every topic from the beginning, read committed, and checks that each record is what the published contracts say, that
nothing is missing, doubled or out of order, that the hash chains of the logs come out the same when they are computed again,
that stock and money add up, and that the logs are those whose heads were signed.

Exit status: 0 everything is sound, 1 something is wrong, 2 nothing could be checked.
"""

import argparse
import dataclasses
import json
import os
import sys
from pathlib import Path

BESIDE = Path(__file__).resolve().parent
# Who audits leaves nothing behind in the checkout.
sys.dont_write_bytecode = True


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n\n")[0],
        epilog="Exit status: 0 everything is sound, 1 something is wrong, 2 nothing could be checked.",
    )
    parser.add_argument("--brokers", metavar="HOST:PORT,…", help="Kafka, as in the shop's bus address")
    parser.add_argument("--prefix", default="", help="what all topics of the shop begin with")
    parser.add_argument(
        "--config", metavar="FILE", help="more settings of librdkafka, one key=value a line: security.protocol, sasl.password …"
    )
    parser.add_argument(
        "--records", metavar="FILE", nargs="+", help="instead of Kafka: what `chorale topics read TOPIC --json` wrote; - is standard input"
    )
    parser.add_argument(
        "--schemas",
        metavar="DIR",
        default=BESIDE.parent.parent / "schemas" / "contracts",
        help="the published contracts: asyncapi.json and events/ (default: those of this checkout)",
    )
    parser.add_argument(
        "--public-key", metavar="KEY", action="append", default=[], help="verify signed heads: hex, base64 or a file; may be repeated"
    )
    parser.add_argument("--running", action="store_true", help="the shop is at work: what is under way is told and not wrong")
    parser.add_argument("--patience", metavar="SECONDS", type=float, default=60.0, help="how long the brokers may be silent (60)")
    parser.add_argument("--json", action="store_true", help="the report as one JSON object")
    parser.add_argument("--self-test", action="store_true", help="check this program itself, without a shop")
    given = parser.parse_args()
    if not given.self_test and bool(given.brokers) == bool(given.records):
        parser.error("say where the records are: --brokers, or --records")
    return given


def audit(contract, source, keys=(), running=False):
    """Reads everything and checks it. Returns the findings and what the logs hold."""
    from findings import Findings
    from heads import HEAD, MARK, Vouched
    from log import LogCheck
    from sums import Money, Stock

    findings = Findings()
    vouched = Vouched(contract, findings, keys)
    counts = {name: 0 for name in contract.topics}
    # First, so that what they tell of is already there when the logs are read.
    for kind, hear in [(HEAD, vouched.head), (MARK, vouched.mark)]:
        for topic in (topic for topic in contract.topics.values() if kind in topic.types):
            for record in source.records([topic.name], in_log_order=False):
                counts[topic.name] += 1
                hear(record)
    watched = vouched.logs()
    stock, money, ids, logs = Stock(findings), Money(findings), set(), []
    for context, topics in contract.contexts().items():
        names = [topic.name for topic in topics]
        log = LogCheck(
            context,
            contract,
            findings,
            ids,
            complete=vouched.marks.get(context, {}).get("position", 0),
            running=running,
            partitions={name: source.partitions(name) for name in names},
            watched=watched.get(context),
        )
        for record in source.records(names, in_log_order=True):
            counts[record.topic] += 1
            if not record.position:
                findings.headers.found(f"{record}: ce_position is missing or no number")
                continue
            event = log.take(record)
            if event:
                stock.hear(*event)
                money.hear(*event)
        log.end()
        vouched.lives(context, log.epoch)
        as_of = vouched.marks.get(context, {}).get("asOf")
        said = log.hash.hex() if log.hash else None
        at = {"position": log.position, "epoch": log.epoch, "hash": said, "asOf": as_of}
        logs.append({"context": context, "events": log.records, **at})
    stock.end(running)
    money.end(running)
    for name in contract.topics:
        findings.topics.checked += 1
        if source.knows_all_topics and source.partitions(name) is None:
            findings.topics.found(f"there is no topic {name}")
    return findings, {"topics": counts, "logs": logs, "money": money.totals()}


def report(findings, seen, out):
    """For people."""
    from findings import shown

    print("topics", file=out)
    for name, count in seen["topics"].items():
        print(f"  {name:34} {count:>10} records", file=out)
    print("logs", file=out)
    for log in seen["logs"]:
        as_of = f", complete as of {log['asOf']}" if log["asOf"] else ""
        print(f"  {log['context']:10} {log['events']:>10} events to position {log['position']}{as_of}", file=out)
        if log["hash"]:
            print(f"  {'':10} epoch {log['epoch']}, hash {log['hash']}", file=out)
    for currency, total in seen["money"].items():
        print(f"money in {currency}: {total}", file=out)
    print("checks", file=out)
    for check in findings.all():
        state = "WRONG" if check.wrong else "ok" if check.checked else "-"
        wrong = f", {check.wrong} wrong" if check.wrong else ""
        print(f"  {state:5}  {check.title} ({check.checked} checked{wrong})", file=out)
        for example in check.examples:
            print(f"           ✗ {shown(example)}", file=out)
        if check.wrong > len(check.examples):
            print(f"           … and {check.wrong - len(check.examples)} more", file=out)
        for note in check.notes:
            print(f"           · {shown(note)}", file=out)
    wrong = findings.count()
    print("everything is sound" if not wrong else f"NOT SOUND: {wrong} findings", file=out)


def main():
    """Runs the program; returns its exit status."""
    given = arguments()
    try:
        from contract import Contract, ContractError
    except ImportError as error:
        print(f"audit: {error}; python3 -m pip install -r {BESIDE / 'requirements.txt'}", file=sys.stderr)
        return 2
    from heads import KeyProblem, public_key
    from sources import Files, Kafka, SourceError

    try:
        contract = Contract(given.schemas)
        if given.self_test:
            import selftest

            return selftest.run(contract)
        keys = [public_key(text) for text in given.public_key]
        source = (
            Files(given.records)
            if given.records
            else Kafka(given.brokers, given.prefix, settings(given.config), given.patience)
        )
        if all(source.partitions(name) is None for name in contract.topics):
            raise SourceError(f"there is no topic of a shop, such as {given.prefix}{next(iter(contract.topics))}")
        findings, seen = audit(contract, source, keys, given.running)
    except (ContractError, KeyProblem, SourceError) as error:
        print(f"audit: {error}", file=sys.stderr)
        return 2
    if given.json:
        checks = [dataclasses.asdict(check) for check in findings.all()]
        json.dump({"sound": not findings.count(), **seen, "checks": checks}, sys.stdout, indent=2, ensure_ascii=False)
        print()
    else:
        report(findings, seen, sys.stdout)
    return 1 if findings.count() else 0


def settings(path):
    """Settings from a file: key=value a line, # begins a comment."""
    from sources import SourceError

    if path is None:
        return {}
    try:
        lines = [line.strip() for line in Path(path).read_text("utf-8").splitlines()]
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from error
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {key.strip(): value.strip() for key, _, value in pairs}


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(2)
