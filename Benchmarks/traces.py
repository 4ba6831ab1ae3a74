"""Traces beside Parquet and pyarrow's readers. Usage: traces.py PROGRAM DATASETS [sizes|speed]"""

import glob
import importlib.util
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import pyarrow
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet
import yaml

PROGRAM, DATASETS = sys.argv[1:3]
PARTS = sys.argv[3:] or ["sizes", "speed"]
KINDS = {
    "int": pyarrow.int32(), "long": pyarrow.int64(), "decimal": pyarrow.int64(),
    "double": pyarrow.float64(), "string": pyarrow.string(), "enum": pyarrow.string(),
    "boolean": pyarrow.bool_(), "float": pyarrow.float32(),
}
ROUNDS = 5


def weir(*arguments):
    """Runs Weir; what it prints."""
    return subprocess.run(
        [PROGRAM, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def child_seconds(*arguments):
    """Seconds of CPU that a run of Weir takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([PROGRAM, *arguments], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def own_seconds(work):
    """Seconds of CPU, of all threads, that a function takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def in_turns(first, second):
    """Medians of two measures that are taken in turns."""
    pairs = [(first(), second()) for _ in range(ROUNDS)]
    return tuple(statistics.median(values) for values in zip(*pairs))


def unit_of(times):
    """The coarsest unit in which times in nanoseconds are whole: what a careful writer takes."""
    for unit, name in ((10**9, "s"), (10**6, "ms"), (10**3, "us")):
        if all(value is None or value % unit == 0 for value in times):
            return unit, name
    return 1, "ns"


def stamps(times):
    """A column of times."""
    unit, name = unit_of(times)
    return pyarrow.array(
        [None if value is None else value // unit for value in times], pyarrow.timestamp(name))


def comparator():
    """The functions of the test that reads sources by mappings."""
    spec = importlib.util.spec_from_file_location("realfiles", "Tests/realfiles.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def parquet_size(table, path):
    """Bytes of a table as pyarrow writes it with zstd at level 19."""
    pyarrow.parquet.write_table(table, path, compression="zstd", compression_level=19)
    return os.path.getsize(path)


def real_table(reader, mapping, source):
    """The events of a real file, in the columns of its mapping: event time, arrival time, fields."""
    times, arrivals, rows = [], [], {name: [] for name in mapping["fields"]}
    for (time_, arrival, _), values in reader.expected(mapping, source):
        times.append(time_)
        arrivals.append(arrival)
        for name, value in values.items():
            rows[name].append(value)
    columns = {"event_time": stamps(times)}
    if "arrival" in mapping:
        columns["arrival_time"] = stamps(arrivals)
    for name, field in mapping["fields"].items():
        columns[name] = pyarrow.array(rows[name], KINDS[field["type"]])
    return pyarrow.table(columns)


def sizes(work):
    """Prints the table of sizes."""
    reader = comparator()
    print("| trace | events | bytes | B an event | Parquet | ratio |")
    print("|---|---|---|---|---|---|")
    whole, best = [0, 0], {}
    for path in sorted(glob.glob("datasets/mappings/*.yaml")):
        with open(path, encoding="utf-8") as file:
            source = re.search(r"\(([a-z]+/[^)]+\.csv\.zst)\)", file.read())[1]
        mapping = reader.load(path)
        trace = f"{work}/real.trace"
        weir("trace", "import", f"{DATASETS}/{source}", "--mapping", path, "--out", trace)
        table = real_table(reader, mapping, f"{DATASETS}/{source}")
        ours, theirs = os.path.getsize(trace), parquet_size(table, f"{work}/real.parquet")
        row(os.path.basename(path)[:-5], table.num_rows, ours, theirs)
        # Of several mappings of a file the one that reads most of it stands for it.
        if theirs > best.get(source, (0, 0))[1]:
            best[source] = (ours, theirs)
    whole = [sum(pair[place] for pair in best.values()) for place in (0, 1)]
    print(f"| {len(best)} real files, each as a whole | | {whole[0]:,} | | {whole[1]:,} "
          f"| {whole[0] / whole[1]:.3f} |")
    for name in applications():
        trace = f"{work}/{name}.trace"
        weir("trace", "generate", name, "--events", "500k", "--out", trace)
        table = generated_table(trace, work)
        row(f"{name}, generated", table.num_rows, os.path.getsize(trace),
            parquet_size(table, f"{work}/x.parquet"))


def row(name, events, ours, theirs):
    """Prints a row of the table of sizes."""
    print(f"| {name} | {events:,} | {ours:,} | {ours / events:.2f} | {theirs:,} "
          f"| {ours / theirs:.3f} |", flush=True)


def applications():
    """The workloads that generate a schema of their own."""
    listed = json.loads(weir("list", "workloads", "--json"))
    names = [item["name"] for item in listed["items"]]
    return [name for name in names if name != "pass-through"]


def generated_table(trace, work):
    """All fields of a generated trace, and the arrival time, as a table."""
    info = json.loads(weir("trace", "info", trace, "--json"))
    schema = json.loads(info["streams"][0]["schemas"][0])
    weir("trace", "export", trace, "--to", f"{work}/x.csv")
    kinds = {}
    for field in schema["fields"]:
        kind = field["type"]
        if isinstance(kind, list):
            kind = [part for part in kind if part != "null"][0]
        if isinstance(kind, dict):
            kind = kind["type"] if kind["type"] in KINDS else "string"
        kinds[field["name"]] = KINDS.get(kind, pyarrow.string())
    kinds["event_time"] = kinds["arrival_time"] = pyarrow.timestamp("ns", "UTC")
    names = [name for name in kinds if name != "arrival_time"]
    table = pyarrow.csv.read_csv(
        f"{work}/x.csv", convert_options=pyarrow.csv.ConvertOptions(
            column_types=kinds, include_columns=names + ["arrival_time"],
            strings_can_be_null=True, quoted_strings_can_be_null=False))
    for name in ("event_time", "arrival_time"):
        times = table[name].cast(pyarrow.int64()).to_pylist()
        table = table.set_column(table.column_names.index(name), name, stamps(times))
    return table


def speed(work):
    """Prints the table of speeds."""
    trace = f"{work}/speed.trace"
    weir("trace", "generate", "fraud-detection", "--events", "400k", "--out", trace)
    table = generated_table(trace, work)
    parquet = f"{work}/speed.parquet"
    count = table.num_rows

    def bench(name):
        found = json.loads(weir("bench", name, "--repeat", "1", "--json"))
        return found["benches"][0]["median"]

    print("| work | Weir | pyarrow | ratio |")
    print("|---|---|---|---|")
    ours, theirs = in_turns(
        lambda: bench("trace-write"),
        lambda: count / own_seconds(lambda: parquet_size(table, parquet)))
    print(f"| write, M events per CPU-s | {ours / 1e6:.2f} | {theirs / 1e6:.2f} "
          f"| {ours / theirs:.1f} |", flush=True)
    ours, theirs = in_turns(
        lambda: bench("trace-decode"),
        lambda: count / own_seconds(lambda: pyarrow.parquet.read_table(parquet)))
    print(f"| decode, M events per CPU-s | {ours / 1e6:.2f} | {theirs / 1e6:.2f} "
          f"| {ours / theirs:.2f} |", flush=True)
    imports(work, trace, table)
    print(f"| replay at max, % of decode | {bench('trace-replay'):.0f} | | |", flush=True)
    print(f"| seek in 100 M events, ms | {bench('trace-seek-100M'):.2f} | | |", flush=True)


def imports(work, trace, table):
    """Rows of the imports: the generated payments as CSV and as JSON lines."""
    schema = json.loads(
        json.loads(weir("trace", "info", trace, "--json"))["streams"][0]["schemas"][0])
    fields = [field for field in schema["fields"]
              if field["name"] not in ("source", "sequence", "event_time")]
    mapping = {"stream": "s", "time": {"column": "event_time", "format": "iso"}, "fields": {}}
    for field in fields:
        kind, optional = field["type"], False
        if isinstance(kind, list):
            kind, optional = [part for part in kind if part != "null"][0], True
        if isinstance(kind, dict):
            symbols = kind.get("symbols")
            kind = "enum" if symbols else "string"
        item = {"type": kind if kind in KINDS else "string"}
        if item["type"] == "enum":
            item["symbols"] = symbols
        if optional:
            item["optional"] = True
        mapping["fields"][field["name"]] = item
    # Both read the same: event time and fields. pyarrow gets their types, so that it need not guess.
    with open(f"{work}/import.yaml", "w", encoding="utf-8") as file:
        yaml.dump(mapping, file)
    names = ["event_time"] + [field["name"] for field in fields]
    slim = table.select(names).set_column(
        0, "event_time", table["event_time"].cast(pyarrow.timestamp("ms")))
    pyarrow.csv.write_csv(slim, f"{work}/import.csv")
    with open(f"{work}/import.csv", encoding="utf-8") as file:
        text = re.sub(r'^"?(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)"?', r"\1T\2Z", file.read(),
                      flags=re.M)
    with open(f"{work}/import.csv", "w", encoding="utf-8") as file:
        file.write(text)
    with open(f"{work}/import.jsonl", "w", encoding="utf-8") as file:
        for item in slim.to_pylist():
            item["event_time"] = item["event_time"].isoformat(timespec="milliseconds") + "Z"
            file.write(json.dumps(item, separators=(",", ":")) + "\n")
    kinds = pyarrow.schema(slim.schema)
    readers = {
        "csv": lambda path: pyarrow.csv.read_csv(path, convert_options=pyarrow.csv.ConvertOptions(
            column_types=kinds)),
        "jsonl": lambda path: pyarrow.json.read_json(
            path, parse_options=pyarrow.json.ParseOptions(explicit_schema=kinds)),
    }
    for kind, read in readers.items():
        path = f"{work}/import.{kind}"
        ours, theirs = in_turns(
            lambda: child_seconds("trace", "import", path, "--mapping", f"{work}/import.yaml",
                                  "--out", f"{work}/import.trace"),
            lambda: own_seconds(lambda: read(path)))
        count = table.num_rows
        print(f"| import {kind}, M events per CPU-s | {count / ours / 1e6:.2f} "
              f"| {count / theirs / 1e6:.2f} | {theirs / ours:.2f} |", flush=True)


def main():
    """Prints what was asked for."""
    print(f"pyarrow {pyarrow.__version__}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    with tempfile.TemporaryDirectory() as work:
        for part in PARTS:
            {"sizes": sizes, "speed": speed}[part](work)
            print()


main()
