#!/bin/sh
# Writes datasets/DOMAIN/NAME.trace and its sidecar for every application, or for those named:
# sh scripts/make-datasets.sh PROGRAM [NAME ...]. The same bytes on every machine.
set -eu
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
shift
cd "$(dirname "$0")/.."
for scenario in scenarios/*/*.yaml; do
  name=$(basename "$scenario" .yaml)
  domain=$(basename "$(dirname "$scenario")")
  # The scenario of an application is named after its workload.
  grep -q "kind: $name\b" "$scenario" || continue
  [ "$#" -eq 0 ] || case " $* " in *" $name "*) ;; *) continue ;; esac
  trace=datasets/$domain/$name.trace
  mkdir -p "datasets/$domain"
  "$program" trace generate "$domain/$name" --events 10k --out "$trace"
  seed=$("$program" run "$domain/$name" --print | sed -n 's/^seed: *//p')
  cat >"$trace.yaml" <<END
# Sidecar of $name.trace: what it is and how it is made again.
origin: synthetic, made by Weir's own generator from $scenario, seed ${seed:-of the scenario}
licence: Apache-2.0, as the project
events: 10000
digest: $(sha256sum "$trace" | cut -d ' ' -f 1)
made_by: weir trace generate $domain/$name --events 10k --out $trace
END
done
