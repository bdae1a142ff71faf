"""Runs the recipes of docs/topics-elsewhere.md against topics: Kafka Connect, ClickHouse and Flink. Each must have every event of
the topic once, with its attributes.

python sinks.py DOCUMENT BROKERS JARS LOGGING BINARY COUNT STRUCTURED COUNT
(a topic with records in binary mode and one with structured records, each with the number of its events)
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

PATIENCE = 180


class Recipes:
    """The code blocks of a document, for these brokers and topics."""

    def __init__(self, document, brokers):
        self.text = pathlib.Path(document).read_text(encoding="utf-8")
        self.brokers = brokers

    def find(self, heading, language, number, topic=None):
        section = self.text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
        block = re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)[number]
        assert "kafka:9092" in block or "chorale.order.v1" in block, f"{heading}: not the block that is meant"
        # A consumer group of this run.
        block = re.sub(r"(?m)(^name=\w+|kafka_group_name = '[\w-]+)", rf"\1-{os.getpid()}", block)
        return block.replace("kafka:9092", self.brokers).replace("chorale.order.v1", topic or "")


def check(what, rows, expected):
    """`rows` are pairs of stream and version, and ids, of all events of a topic."""
    assert len(rows) == expected, f"{what}: {len(rows)} events and not {expected}"
    assert len({identity for _, _, identity in rows}) == expected, f"{what}: an event came twice"
    versions = {}
    for stream, version, _ in rows:
        assert version == versions.get(stream, 0) + 1, f"{what}: {stream} has {version} after {versions.get(stream)}"
        versions[stream] = version
    print(f"{what}: {expected} events of {len(versions)} streams")


def until(what, done):
    """Waits until `done` answers true."""
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline, f"{what}: waited too long"
        time.sleep(0.1)


def in_binary(line):
    """Stream, version and id of a line of the binary recipe: the payload and then the other fields of a record, in any order."""
    assert line.startswith('Struct{payload={"summary":') and line.endswith("}"), line
    fields = dict(field.split("=", 1) for field in line[: -len("}")].rsplit("},", 1)[1].split(","))
    assert fields.keys() == {"id", "type", "at", "stream", "version"} and fields["type"].startswith("chorale."), line
    return fields["stream"], int(fields["version"]), fields["id"]


def in_structured(line):
    event = json.loads(line)
    assert event["specversion"] == "1.0" and "summary" in event["data"], line
    return event["subject"], int(event["sequence"]), event["id"]


def connect(recipes, jars, logging, topics):
    """Both recipes for Kafka Connect in one standalone worker."""
    with tempfile.TemporaryDirectory() as folder:
        data = pathlib.Path(folder)

        def write(number, topic=None):
            text = recipes.find("Kafka Connect", "properties", number, topic).replace("/data/", f"{folder}/")
            path = data / f"{number}.properties"
            # A free port for its REST interface.
            path.write_text(text.replace("127.0.0.1:8083", "127.0.0.1:0"), encoding="utf-8")
            return path

        (binary, binary_count), (structured, structured_count) = topics
        files = [write(0), write(1, structured), write(2, binary)]
        command = ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx256m", f"-Dlog4j2.configurationFile={logging}"]
        command += ["-cp", f"{jars}/*", "org.apache.kafka.connect.cli.ConnectStandalone", *map(str, files)]
        with (data / "log").open("w") as log:
            worker = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        outputs = [(data / "binary.txt", binary_count), (data / "structured.jsonl", structured_count)]

        def lines(path):
            return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

        try:
            until("Kafka Connect", lambda: worker.poll() is not None or all(len(lines(path)) >= count for path, count in outputs))
            worker.terminate()
            worker.wait(PATIENCE)
            check("Kafka Connect, binary mode", [in_binary(line) for line in lines(outputs[0][0])], binary_count)
            check("Kafka Connect, structured mode", [in_structured(line) for line in lines(outputs[1][0])], structured_count)
        except AssertionError:
            print((data / "log").read_text(encoding="utf-8")[-5000:])
            raise
        finally:
            worker.kill()


def clickhouse(recipes, topics):
    """Both recipes for ClickHouse, in this process."""
    from chdb import session

    shop = session.Session()
    for number, (table, (topic, count)) in enumerate(zip(("order_events", "events"), topics)):
        text = recipes.find("ClickHouse", "sql", number, topic)
        for statement in filter(str.strip, text.split(";")):
            try:
                shop.query(statement)
            except RuntimeError as error:
                # chDB says this of every table with the Kafka engine, and makes it.
                if "Shutdown was called" not in str(error) or "ENGINE = Kafka" not in statement:
                    raise

        def arrived():
            return int(str(shop.query(f"SELECT count() FROM {table}"))) >= count

        until("ClickHouse", arrived)
        columns = "stream, version, toString(id) AS id, type, toString(at) AS at, JSONExtractString(payload, 'summary') AS summary"
        found = str(shop.query(f"SELECT {columns} FROM {table} ORDER BY stream, version", "JSONEachRow"))
        rows = [json.loads(line) for line in found.splitlines()]
        assert all(row["summary"] and row["type"].startswith("chorale.") and row["at"] > "2020" for row in rows), rows[0]
        check(f"ClickHouse, {topic}", [(row["stream"], int(row["version"]), row["id"]) for row in rows], count)


def flink(recipes, jars, topic, count):
    """The recipe for Flink SQL. Reading ends at the end that the topic has now, so that the test ends."""
    from pyflink.table import EnvironmentSettings, TableEnvironment

    table = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
    (connector,) = pathlib.Path(jars).glob("flink-sql-connector-kafka-*.jar")
    table.get_config().set("pipeline.jars", connector.as_uri())
    table.get_config().set("parallelism.default", "1")
    create, select = filter(str.strip, recipes.find("Flink SQL", "sql", 0, topic).split(";"))
    table.execute_sql(create.replace("'format' = 'raw'", "'scan.bounded.mode' = 'latest-offset', 'format' = 'raw'"))
    with table.execute_sql(select).collect() as found:
        rows = list(found)
    for identity, kind, stream, version, at, summary in rows:
        assert identity and kind.startswith("chorale.") and stream and version and at.year > 2020 and summary, rows[0]
    check(f"Flink, {topic}", [(row[2], row[3], row[0]) for row in rows], count)


def main(document, brokers, jars, logging, binary, binary_count, structured, structured_count):
    recipes = Recipes(document, brokers)
    topics = [(binary, int(binary_count)), (structured, int(structured_count))]
    connect(recipes, jars, logging, topics)
    clickhouse(recipes, topics)
    flink(recipes, jars, *topics[0])
    # Embedded ClickHouse does not end its threads by itself.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
