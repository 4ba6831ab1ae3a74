#!/bin/sh
# Runs every scenario of the checkout and compares its exit code with what it says that it
# demonstrates. Usage: verdicts.sh PROGRAM FOLDER; prints one line a scenario, beginning with
# ok, FAILED or skipped.
set -u
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
work=$2
cd "$(dirname "$0")/.." || exit 70

# A private Python with what the example jobs import, made once; says why when it cannot be.
python_ready() {
  [ -e "$work/python/ready" ] && return 0
  [ -e "$work/python.failed" ] && return 1
  if python3 -m venv "$work/python" >"$work/python.said" 2>&1 &&
    "$work/python/bin/pip" install --quiet --disable-pip-version-check confluent-kafka==2.16.1 \
      >>"$work/python.said" 2>&1; then
    touch "$work/python/ready"
    return 0
  fi
  touch "$work/python.failed"
  return 1
}

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
  allow=
  if grep -q 'kind: external' "$file"; then
    if ! python_ready; then
      echo "skipped $name: no Python with confluent-kafka: $(tail -n 1 "$work/python.said")"
      continue
    fi
    allow=--allow-commands
  fi
  # The commands of a scenario find the private Python first, where there is one.
  PATH="$work/python/bin:$PATH" "$program" run "$file" --out "$work/run" --quiet \
    --progress none $allow >"$work/said" 2>&1
  code=$?
  if [ "$code" -eq "$wanted" ]; then
    echo "ok $name: $code"
  elif [ "$code" -eq 4 ] && grep -q 'kind: kafka' "$file" && grep -q 'send lateness' "$work/said"; then
    # In real time a busy machine makes the sender late: then the run says nothing, by design.
    echo "skipped $name: $(head -n 1 "$work/said")"
  else
    echo "FAILED $name: code $code, demonstrates $wanted"
    sed 's/^/    /' "$work/said" | head -n 5
  fi
done <"$work/scenarios"

# The model against a real broker: verdict, counts and classes must agree.
name="validate kafka/restart-duplicates"
if "$program" doctor --need kafka --quiet 2>/dev/null; then
  "$program" validate kafka/restart-duplicates --against kafka --out "$work/validate" \
    --set 'expect.send_lateness.p99=< 250ms' --progress none >"$work/said" 2>&1
  code=$?
  if [ "$code" -eq 0 ]; then
    echo "ok $name: $code"
  elif [ "$code" -eq 4 ] && grep -q 'send lateness' "$work/said"; then
    echo "skipped $name: $(grep 'NOT USABLE' "$work/said" | head -n 1)"
  else
    echo "FAILED $name: code $code"
    sed 's/^/    /' "$work/said" | head -n 20
  fi
else
  echo "skipped $name: no Kafka in KAFKA_HOME nor WEIR_SYSTEMS/kafka"
fi
