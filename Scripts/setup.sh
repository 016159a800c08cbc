#!/usr/bin/env bash
# Installs the system packages that are missing: the libraries of the OneDNN, OpenBLAS and InterconnectMPI plugins, what
# starts ranks, what unpacks data, and the compiler of plugins in Rust.
#
#   Scripts/setup.sh              install what is missing; where that cannot be done, say so and succeed
#   Scripts/setup.sh --required   the same, but fail when something is still missing at the end
set -euo pipefail
cd "$(dirname "$0")/.."

required=no
[ "${1:-}" != --required ] || required=yes

has_command() { command -v "$1" > /dev/null 2>&1; }

# Prints the Debian packages that are missing, one a line.
missing() {
  while read -r _ header library package; do
    Scripts/has-library.sh "$header" "$library" || echo "$package"
  done < <(grep -v '^#' Plugins/requirements.txt)
  # The library's package has the headers alone.
  has_command mpirun || echo openmpi-bin
  has_command xz || echo xz-utils
  has_command zstd || echo zstd
  # The example plugin and the tutorials in Rust are built by the tests.
  has_command rustc || echo rustc
}

# Runs a command with root's rights.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif [ -t 0 ]; then
    sudo "$@"
  else
    sudo -n "$@" # without a terminal nobody can type a password
  fi
}

install_packages() {
  if ! has_command apt-get; then
    echo "setup: no apt-get here; install what holds the same libraries by hand: $*" >&2
    return 1
  fi
  if [ "$(id -u)" -ne 0 ] && ! has_command sudo; then
    echo "setup: neither root nor sudo; ask an administrator to run: apt-get install $*" >&2
    return 1
  fi
  local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends) package
  as_root "${install[@]}" "$@" && return 0
  echo "setup: once more, with fresh package lists and one by one"
  as_root apt-get update || return 1
  for package in "$@"; do
    as_root "${install[@]}" "$package" || echo "setup: $package could not be installed" >&2
  done
}

mapfile -t packages < <(missing)
if [ ${#packages[@]} -eq 0 ]; then
  echo "setup: everything is here"
  exit 0
fi
echo "setup: installing ${packages[*]}"
# What counts is what is there afterwards.
install_packages "${packages[@]}" || true

mapfile -t packages < <(missing)
if [ ${#packages[@]} -gt 0 ]; then
  echo "setup: still missing: ${packages[*]}; plugins that need them are left out" >&2
  [ "$required" = no ]
fi
