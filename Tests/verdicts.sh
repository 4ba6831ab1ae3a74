#!/bin/sh
# Runs every scenario of the checkout and compares its exit code with what it says that it
# demonstrates. Usage: verdicts.sh PROGRAM FOLDER; prints one line a scenario, beginning with
# ok, FAILED or skipped.
set -u
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
work=$2
cd "$(dirname "$0")/.." || exit 70

find scenarios -name '*.yaml' ! -name '*.workload.yaml' | LC_ALL=C sort >"$work/scenarios"
while read -r file; do
  name=${file#scenarios/}
  name=${name%.yaml}
  trace=$(sed -n 's/.*trace: *\([^,} ]*\.trace\).*/\1/p' "$file" | head -n 1)
  if [ -n "$trace" ] && [ ! -e "$(dirname "$file")/$trace" ]; then
    echo "FAILED $name: its trace $trace is not there"
    continue
  fi
  case $(sed -n 's/^demonstrates: *//p' "$file") in
    invalid) wanted=1 ;;
    missed) wanted=2 ;;
    inconclusive) wanted=3 ;;
    *) wanted=0 ;;
  esac
  if grep -q 'kind: kafka' "$file" && ! "$program" doctor --need kafka --quiet 2>/dev/null; then
    echo "skipped $name: no Kafka in KAFKA_HOME nor WEIR_SYSTEMS/kafka"
    continue
  fi
  "$program" run "$file" --out "$work/run" --quiet --progress none >"$work/said" 2>&1
  code=$?
  if [ "$code" -eq "$wanted" ]; then
    echo "ok $name: $code"
  else
    echo "FAILED $name: code $code, demonstrates $wanted"
    sed 's/^/    /' "$work/said" | head -n 5
  fi
done <"$work/scenarios"
