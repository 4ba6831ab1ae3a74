"""Compares what Weir exported with the file that was imported, value by value.

Usage: realfiles.py MAPPING SOURCE.csv.zst EXPORT
EXPORT ends with .csv, .jsonl or .avro. Prints how many values are equal and ends with 0, or prints
the first difference and ends with 1. Reads mapping and source on its own: nothing of Weir is used.
Needs PyYAML and backports.zstd, and fastavro for Avro.
"""

import csv
import datetime
import json
import re
import sys
import zoneinfo
from decimal import Decimal

import yaml
from backports import zstd

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
UNITS = {"epoch-s": 10**9, "epoch-ms": 10**6, "epoch-us": 10**3, "epoch-ns": 1}
CODES = {"y": "%Y", "M": "%m", "d": "%d", "H": "%H", "m": "%M", "s": "%S"}


def nanoseconds(moment):
    """Nanoseconds since 1970 of a datetime with a zone."""
    span = moment - EPOCH
    return ((span.days * 86400 + span.seconds) * 10**6 + span.microseconds) * 1000


def iso_nanoseconds(text, zone=None):
    """Nanoseconds of an ISO text with up to nine decimals."""
    decimals = re.search("[.]([0-9]+)", text)
    head = text if decimals is None else text.replace(decimals.group(), "")
    decimals = "" if decimals is None else decimals.group(1)
    moment = datetime.datetime.fromisoformat(head.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return nanoseconds(moment) + int((decimals + "000000000")[:9])


def time_reader(part):
    """A function from a row to nanoseconds since 1970, or None; memory of what was read before."""
    if part is None:
        return lambda row: None
    columns = part["column"] if isinstance(part["column"], list) else [part["column"]]
    form = part["format"]
    zone = zoneinfo.ZoneInfo(part["zone"]) if "zone" in part else None
    known = {}
    pattern = re.sub("([yMdHms])\\1*", lambda run: CODES[run.group()[0]], form)

    def read(row):
        text = " ".join(row[column] for column in columns)
        if text.strip() == "":
            return None
        if form in UNITS:
            return int(text) * UNITS[form]
        value = known.get(text)
        if value is None:
            if form == "iso":
                value = iso_nanoseconds(text, zone)
            else:
                moment = datetime.datetime.strptime(text, pattern)
                value = nanoseconds(moment.replace(tzinfo=zone))
            known[text] = value
        return value

    return read


def converter(field, missing):
    """A function from a cell to the value that it stands for."""
    kind = field["type"]
    yes = field.get("true", ["1", "true", "True", "TRUE"])
    scale = 10 ** field.get("scale", 0)

    def convert(text):
        if text in missing and (field.get("optional") or "row" in field):
            return None
        if kind in ("int", "long"):
            return int(text)
        if kind == "decimal":
            return int(Decimal(text) * scale)
        if kind == "double":
            return float(text)
        if kind == "boolean":
            return text in yes
        return text

    return convert


def expected(mapping, source):
    """The events that a source holds by a mapping: times, key and values."""
    missing = mapping.get("missing", [""])
    event_time = time_reader(mapping["time"])
    arrival = time_reader(mapping.get("arrival"))
    keys = mapping.get("key", [])
    keys = keys if isinstance(keys, list) else [keys]
    wanted = mapping.get("where", {})
    pivot = mapping.get("pivot")
    fields = [
        (name, field.get("column", name), converter(field, missing), field.get("row"))
        for name, field in mapping["fields"].items()
    ]
    rows = {field[3]: field for field in fields if field[3] is not None}
    last = None
    with zstd.open(source, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if any(row[name] not in (texts if isinstance(texts, list) else [texts])
                   for name, texts in wanted.items()):
                continue
            parts = [row[name] for name in keys]
            parts = ["" if part in missing else part for part in parts]
            key = "|".join(parts) if any(parts) else None
            head = (event_time(row), arrival(row), key)
            if pivot is None:
                yield head, {name: convert(row[column]) for name, column, convert, _ in fields}
                continue
            field = rows.get(row[pivot["name"]])
            if field is None:
                continue
            if last is None or last[0] != head or field[0] in last[2]:
                if last is not None:
                    yield last[0], last[1]
                values = {
                    name: None if place else convert(row[column])
                    for name, column, convert, place in fields
                }
                last = (head, values, set())
            last[1][field[0]] = field[2](row[pivot["value"]])
            last[2].add(field[0])
    if last is not None:
        yield last[0], last[1]


def exported(path, mapping):
    """The events of an exported file, in the same form."""
    kinds = {name: field["type"] for name, field in mapping["fields"].items()}
    if path.endswith(".csv"):
        read = {
            "int": int, "long": int, "decimal": int, "double": float, "string": str, "enum": str,
            "boolean": lambda text: text == "true",
        }
        reads = {name: read[kind] for name, kind in kinds.items()}
        known = {}

        def instant(text):
            if text == "":
                return None
            value = known.get(text)
            if value is None:
                value = known[text] = iso_nanoseconds(text)
            return value

        with open(path, encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                values = {
                    name: None if row[name] == "" else convert(row[name])
                    for name, convert in reads.items()
                }
                yield (instant(row["event_time"]), instant(row["arrival_time"]),
                       row["key"] or None), values
    elif path.endswith(".jsonl"):
        with open(path, encoding="utf-8") as file:
            for line in file:
                event = json.loads(line)
                arrival = event.get("arrival_time")
                values = {
                    name: float(value) if kinds[name] == "double" and value is not None else value
                    for name, value in event["value"].items()
                }
                yield (iso_nanoseconds(event["event_time"]),
                       iso_nanoseconds(arrival) if arrival else None, event["key"]), values
    else:
        import fastavro

        with open(path, "rb") as file:
            for event in fastavro.reader(file):
                key = event["key"]
                values = {name: event["value"][name] for name in kinds}
                yield (event["event_time"], event["arrival_time"],
                       key.decode() if key is not None else None), values


def load(path):
    """A mapping file, its values as texts but for scales and truths."""
    with open(path, encoding="utf-8") as file:
        mapping = yaml.load(file, Loader=yaml.BaseLoader)
    for field in mapping["fields"].values():
        if "scale" in field:
            field["scale"] = int(field["scale"])
        field["optional"] = field.get("optional") == "true"
    return mapping


def main():
    """Compares; the exit code."""
    mapping_path, source, export = sys.argv[1:4]
    mapping = load(mapping_path)
    events = 0
    actual = exported(export, mapping)
    for event in expected(mapping, source):
        found = next(actual, None)
        if found != event:
            print(f"event {events}: {found} where {event} was wanted")
            return 1
        events += 1
    if next(actual, None) is not None:
        print(f"more than {events} events")
        return 1
    print(f"{events} events, {events * (len(mapping['fields']) + 3)} equal values")
    return 0 if events else 1


if __name__ == "__main__":
    sys.exit(main())
