#!/usr/bin/env bash
# Runs the test suites one after the other, all of them even when one fails, and closes with a table.
#
#   Tests/run-all.sh [SUITE..]
#
# repository   the files themselves: links, lengths, scripts
# headers      each C header alone, as strict C11 and as C++17
# core         the root package's tests
# plugins      every plugin package's tests
# bindings     the contract for Rust against the headers
# third-party  the example plugins and the tutorials, against an installed dmt
# cases        `dmt op verify`: each backend that was built here, over all of Tests/Cases
# install      what `make install` installs, where no Swift is, and the packages that `dmt plugin new` writes
#
# `make` has to have run before (make test sees to it). CONFIGURATION is release unless set.
set -uo pipefail
cd "$(dirname "$0")/.."

configuration=${CONFIGURATION:-release}
swift_test=(swift test -c "$configuration" --scratch-path "$PWD/.build" --disable-xctest)
# Public interfaces alone are tested, so the tests link the very objects that bin/dmt is made of.
[ "$configuration" = debug ] || swift_test+=(--disable-testable-imports)

run_repository() {
  Tests/Repository/run.sh
}

run_headers() {
  local compiler cxx header failures=0
  compiler=${CC:-$(command -v cc || command -v clang || echo cc)}
  cxx=${CXX:-$(command -v c++ || command -v clang++ || echo c++)}
  for header in Sources/CDMTPlugin/include/dmt/*.h; do
    if "$compiler" -std=c11 -Wall -Wextra -Werror -pedantic -fsyntax-only -ISources/CDMTPlugin/include -x c "$header" &&
      "$cxx" -std=c++17 -Wall -Wextra -Werror -pedantic -fsyntax-only -ISources/CDMTPlugin/include -x c++ "$header"; then
      echo "ok $header"
    else
      echo "FAILED $header"
      failures=$((failures + 1))
    fi
  done
  [ "$failures" -eq 0 ]
}

run_bindings() {
  if ! command -v rustc > /dev/null; then
    echo "left out: there is no rustc here"
    return 0
  fi
  Bindings/Rust/test.sh || return 1
  if command -v python3 > /dev/null; then
    Scripts/rust-bindings.py --check
  else
    echo "without python3, whether Bindings/Rust/contract.rs has the headers' last comments was not looked at"
  fi
}

run_third-party() {
  local failures=0
  Examples/plugins/test.sh || failures=1
  Tests/Tutorials/run.sh || failures=1
  [ "$failures" -eq 0 ]
}

run_core() {
  DMT_TEST_PLUGINS=$PWD/bin/plugins "${swift_test[@]}"
}

run_plugins() {
  local name names failures=0
  names=$(Scripts/available-plugins.sh)
  for name in $names; do
    if [ ! -d "Plugins/$name/Tests" ]; then
      echo "FAILED $name: it has no Tests folder"
      failures=$((failures + 1))
      continue
    fi
    echo "--- tests of $name"
    cp Package.resolved "Plugins/$name/"
    "${swift_test[@]}" --force-resolved-versions --package-path "Plugins/$name" || failures=$((failures + 1))
  done
  [ "$failures" -eq 0 ]
}

run_install() {
  Tests/Install/run.sh
}

# Prints the prefixes of the cases that a backend has to serve itself; what else it is asked for falls through.
required_cases() {
  case $1 in
  onednn) echo linear matmul layer_norm softmax add sub mul relu sigmoid tanh gelu ;;
  openblas) echo linear matmul cross fm dot_interaction ;;
  esac
}

# verify_on BACKEND: every case with the backend first, then alone those that it has to serve.
verify_on() {
  local prefix files=()
  echo "--- every case, $1 first"
  bin/dmt op verify --backend "$1" Tests/Cases/*.safetensors || return 1
  for prefix in $(required_cases "$1"); do
    files+=(Tests/Cases/"$prefix"-*.safetensors)
  done
  [ ${#files[@]} -gt 0 ] || files=(Tests/Cases/*.safetensors)
  echo "--- ${#files[@]} cases that $1 has to serve, $1 alone"
  bin/dmt op verify --only "$1" "${files[@]}"
}

run_cases() {
  local backend name backends=(reference) failures=0
  for name in Native OneDNN OpenBLAS; do
    [ ! -d "bin/plugins/$name" ] || backends+=("${name,,}")
  done
  for backend in "${backends[@]}"; do
    verify_on "$backend" || failures=$((failures + 1))
  done
  [ "$failures" -eq 0 ]
}

suites=("$@")
[ ${#suites[@]} -gt 0 ] || suites=(repository headers bindings core plugins third-party cases install)
for suite in "${suites[@]}"; do
  if ! declare -F "run_$suite" > /dev/null; then
    echo "no suite '$suite'; there are: repository headers bindings core plugins third-party cases install" >&2
    exit 64
  fi
done

table=""
failed=0
for suite in "${suites[@]}"; do
  echo "=== $suite"
  started=$SECONDS
  if "run_$suite"; then
    verdict=passed
  else
    verdict=FAILED
    failed=$((failed + 1))
  fi
  table+=$(printf '%-12s %-7s %4d s' "$suite" "$verdict" $((SECONDS - started)))$'\n'
done

echo "=== test suites"
printf '%s' "$table"
echo "$((${#suites[@]} - failed)) of ${#suites[@]} suites passed"
[ "$failed" -eq 0 ]
