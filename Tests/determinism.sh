#!/bin/sh
# The same seed gives the same history in every process. Usage: determinism.sh PROGRAM [SEEDS]
# For each seed three processes run a short scenario: a plain one, one under another time zone,
# locale, home and folder, and one on a processor without FMA and AVX. Swift seeds its hashing anew
# in each. On a difference the first entry that departs is printed.
set -u
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
seeds=${2:-50}
home=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d) || exit 70
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/a" "$work/b/deep/folder" "$work/c" "$work/other-home"
scenario=$home/scenarios/demo.yaml
no_fma=glibc.cpu.hwcaps=-FMA,-FMA4,-AVX2,-AVX512F,-AVX,-FMA_Usable,-AVX2_Usable,-AVX512F_Usable

# hash FOLDER: the history hash that a run wrote.
hash() { sed -n 's/.*"history_hash": *"\([0-9a-f]*\)".*/\1/p' "$1/result.json" | head -n 1; }

# run FOLDER SEED COMMAND...: one short run; its code does not matter, its history does.
run() {
  where=$1
  seed=$2
  shift 2
  (cd "$where" && "$@" "$program" run "$scenario" --seed "$seed" --set load.rate=2k/s \
    --set phases.warm_up=1s --set phases.measure=6s --set phases.heal=1s \
    --set 'faults.plan=[{kind: drop-response, target: producer, at: 0s, for: 6s, ratio: 1/100}, {kind: crash, target: engine, at: 2s, for: 1s}]' \
    --set 'faults.draw={kinds: [delay, duplicate], count: 2, longest: 1s, at_once: 1}' \
    --out run --quiet) >"$where/out" 2>&1
  code=$?
  case $code in
    0 | 1 | 2 | 3) ;;
    *)
      printf 'seed %s ended with %s:\n' "$seed" "$code"
      cat "$where/out"
      exit 1
      ;;
  esac
}

seed=1
different=""
while [ "$seed" -le "$seeds" ]; do
  run "$work/a" "$seed" env
  run "$work/b/deep/folder" "$seed" env TZ=Asia/Kathmandu LANG=tr_TR.UTF-8 LC_ALL=tr_TR.UTF-8 \
    HOME="$work/other-home" COLUMNS=60
  run "$work/c" "$seed" env GLIBC_TUNABLES="$no_fma" TZ=America/St_Johns LC_ALL=C
  first=$(hash "$work/a/run")
  [ -n "$first" ] || { echo "seed $seed: no history hash in result.json"; exit 1; }
  case "$different" in *"$first"*) echo "seed $seed: the history of another seed"; exit 1 ;; esac
  different="$different $first"
  for other in b/deep/folder c; do
    if [ "$(hash "$work/$other/run")" != "$first" ]; then
      printf 'seed %s: history %s in one process, %s in another (%s)\n' "$seed" "$first" \
        "$(hash "$work/$other/run")" "$other"
      echo "the first entry that departs:"
      if [ "$other" = c ]; then
        env GLIBC_TUNABLES="$no_fma" "$program" replay "$work/a/run"
      else
        env TZ=Asia/Kathmandu LC_ALL=tr_TR.UTF-8 "$program" replay "$work/a/run"
      fi
      exit 1
    fi
  done
  seed=$((seed + 1))
done
echo "$seeds seeds, three processes each: $((seeds * 3)) runs, $seeds histories"
