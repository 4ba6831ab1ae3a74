# What a build needs beside Swift; read by ./weir and ./check. POSIX sh.

# Debian's packages, and for each the pkg-config module that says whether it is there.
needed_packages="libzstd-dev:libzstd zlib1g-dev:zlib libyaml-dev:yaml-0.1 libxxhash-dev:libxxhash librdkafka-dev:rdkafka"
swift_needed="6.2"

note() { printf '%s\n' "$*" >&2; }

# Ends with 69, the code for something that is not there.
unavailable() {
  note "weir: error: $1"
  shift
  for line in "$@"; do note "  $line"; done
  exit 69
}

# Prints the packages that are missing.
missing_packages() {
  if ! command -v pkg-config >/dev/null 2>&1; then
    printf 'pkg-config '
    for need in $needed_packages; do
      header_there "${need%%:*}" || printf '%s ' "${need%%:*}"
    done
    return
  fi
  for need in $needed_packages; do
    pkg-config --exists "${need#*:}" 2>/dev/null || printf '%s ' "${need%%:*}"
  done
}

# Without pkg-config only the headers can tell.
header_there() {
  case $1 in
    libzstd-dev) header=zstd.h ;;
    zlib1g-dev) header=zlib.h ;;
    libyaml-dev) header=yaml.h ;;
    libxxhash-dev) header=xxhash.h ;;
    librdkafka-dev) header=librdkafka/rdkafka.h ;;
    *) return 1 ;;
  esac
  [ -e "/usr/include/$header" ] || [ -e "/usr/local/include/$header" ]
}

# Installs the packages named, as root or with sudo that asks nothing; else says how and ends.
install_packages() {
  if ! command -v apt-get >/dev/null 2>&1; then
    unavailable "libraries are missing: $*" \
      "to fix: install them with the package manager of this system (names are Debian's)"
  fi
  if [ "$(id -u)" = 0 ]; then
    as_root=""
    who="as root"
  elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
    who="with sudo"
  else
    unavailable "libraries are missing: $*" "to fix: sudo apt-get install -y $*"
  fi
  note "missing libraries: $*; installing them with apt-get ($who)"
  log=$(mktemp)
  # A fresh machine has no package lists yet; old ones name versions that are gone.
  if ! { DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y --no-install-recommends "$@" ||
    { $as_root apt-get update &&
      DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y --no-install-recommends "$@"; }
  } >"$log" 2>&1 </dev/null; then
    tail -n 15 "$log" >&2
    rm -f "$log"
    unavailable "apt-get could not install: $*" "to fix: sudo apt-get install -y $*"
  fi
  rm -f "$log"
}

# Makes sure that Swift and the libraries are there, or ends with 69.
require_build_tools() {
  if ! command -v swift >/dev/null 2>&1; then
    unavailable "Swift was not found; Weir is built from source and needs Swift $swift_needed or later" \
      "to fix: https://www.swift.org/install/linux/ and put swift into PATH"
  fi
  version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' | head -n 1)
  major=${version%%.*}
  rest=${version#*.}
  minor=${rest%%.*}
  if [ -z "$version" ]; then
    unavailable "'swift --version' does not work" "to fix: https://www.swift.org/install/linux/"
  fi
  if [ "$major" -lt 6 ] || { [ "$major" -eq 6 ] && [ "${minor:-0}" -lt 2 ]; }; then
    unavailable "Swift $version is too old; Weir needs $swift_needed or later" \
      "to fix: https://www.swift.org/install/linux/"
  fi
  missing=$(missing_packages)
  if [ -n "$missing" ]; then
    # Unquoted on purpose: one word a package.
    # shellcheck disable=SC2086
    install_packages $missing
  fi
}

# Prints a Python that has the peers of the tests and benches: that of WEIR_PYTHON, else one in a
# private virtual environment, made when PyPI can be reached. Fails without.
python_with_peers() {
  peers="import pyarrow, fastavro, yaml; from backports import zstd"
  for python in "${WEIR_PYTHON:-}" .build/peers/bin/python python3; do
    [ -n "$python" ] && "$python" -c "$peers" >/dev/null 2>&1 && echo "$python" && return
  done
  {
    python3 -m venv .build/peers && .build/peers/bin/pip install --quiet --timeout 20 --retries 1 \
      pyarrow fastavro backports.zstd PyYAML
  } >/dev/null 2>&1 </dev/null || return 1
  .build/peers/bin/python -c "$peers" >/dev/null 2>&1 && echo .build/peers/bin/python
}
