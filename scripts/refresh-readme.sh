#!/bin/sh
# Puts the real output of `./weir demo` into README.md, between the two comments that name it.
# With --check nothing is written, and a difference is an error.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

./weir demo >"$work/output" 2>"$work/errors" || {
  cat "$work/errors"
  head -n 3 "$work/output"
  echo "./weir demo does not end with 0"
  exit 1
}
awk -v output="$work/output" '
  /^<!-- end of the output of .\/weir demo -->$/ { skipping = 0 }
  !skipping { print }
  /^<!-- output of .\/weir demo -->$/ {
    print "```"
    print "$ ./weir demo"
    while ((getline line < output) > 0) print line
    print "```"
    skipping = 1
  }' README.md >"$work/readme"
grep -q '^<!-- output of ./weir demo -->$' README.md || {
  echo "README.md has no place for the output of ./weir demo"
  exit 1
}
if [ "${1:-}" = --check ]; then
  diff README.md "$work/readme" || exit 1
  echo "$(wc -l <"$work/output" | tr -d ' ') lines of output are as shown"
else
  cat "$work/readme" >README.md
fi
