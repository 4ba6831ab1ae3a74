#!/bin/sh
# Imports every real file that stands beside the checkout, verifies the trace, runs it through the
# pipeline to a verdict, exports it, and compares the export with the source.
# Usage: realfiles.sh PROGRAM WORK PYTHON; prints one line a mapping, beginning with ok, FAILED or
# skipped. The files are those of WEIR_DATASETS, else of ../shared/datasets.
set -u
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
work=$2
python=$3
cd "$(dirname "$0")/.." || exit 70
files=${WEIR_DATASETS:-../shared/datasets}

if [ ! -e "$files/manifest.json" ]; then
  echo "skipped real files: $files is not there; name the folder in WEIR_DATASETS"
  exit 0
fi
if [ -z "$python" ]; then
  echo "skipped real files: no Python with PyYAML, fastavro and backports.zstd to compare them"
  exit 0
fi

one() {
  mapping=$1
  source=$(sed -n 's/^#.*(\([a-z]*\/[^)]*\.csv\.zst\)).*/\1/p' "$mapping" | head -n 1)
  if [ ! -e "$files/$source" ]; then
    echo "its file '$source' is not there"
    return 1
  fi
  trace=$work/real.trace
  rm -rf "$work"/real.*
  "$program" trace import "$files/$source" --mapping "$mapping" --out "$trace" --quiet || return 1
  if [ -e "$trace.bad" ]; then
    echo "bad rows"
    return 1
  fi
  "$program" trace verify "$trace" --quiet || return 1
  # Only whether every event arrives once: the smallest file is too small for a 99 % quantile.
  "$program" run replay --trace "$trace" --speed 100x --set 'expect={exactly_once: true}' \
    --out "$work/real.run" --quiet --progress none || return 1
  grep -q '"verdict": *"valid"' "$work/real.run/result.json" || return 1
  for format in csv jsonl avro; do
    # The three largest are compared in one form, the others in all three.
    size=$(wc -c <"$files/$source")
    [ "$format" != jsonl ] && [ "$size" -gt 2500000 ] && continue
    "$program" trace export "$trace" --to "$work/real.$format" --quiet || return 1
    "$python" Tests/realfiles.py "$mapping" "$files/$source" "$work/real.$format" || return 1
  done
}

for mapping in datasets/mappings/*.yaml; do
  name=$(basename "$mapping" .yaml)
  if said=$(one "$mapping" 2>&1); then
    echo "ok $name: $(echo "$said" | tail -n 1)"
  else
    echo "FAILED $name: $(echo "$said" | tail -n 3)"
  fi
  rm -rf "$work"/real.*
done
# Every file has a mapping that reads it as a whole.
for file in "$files"/*/*.csv.zst; do
  name=$(basename "$(dirname "$file")")/$(basename "$file")
  grep -qF "($name)" datasets/mappings/*.yaml || echo "FAILED $name: no mapping reads it"
done
