# Checks of the contract's headers and of the scripts that hold them. Sourced by run.sh, in the repository's root.

reference_is_up_to_date() {
  Scripts/contract-reference.sh | diff -u docs/abi-reference.md - > /dev/null && return 0
  echo "docs/abi-reference.md is not what the headers say: make contract"
  return 1
}

# in_changed_headers FILE EDIT COMMAND..: runs COMMAND with a copy of the headers in which the sed program EDIT changed FILE.
in_changed_headers() (
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  cp -r Sources/CDMTPlugin/include/dmt "$scratch/dmt"
  cp -r Tests/Fixtures/Headers "$scratch/kept"
  sed -E -i "$2" "$scratch/dmt/$1"
  cmp -s "$scratch/dmt/$1" "Sources/CDMTPlugin/include/dmt/$1" && { echo "the edit '$2' changed nothing in $1"; exit 1; }
  shift 2
  "$@" "$scratch"
)

# refused_change WORDS FILE EDIT: the change is no change that a minor may make, and is reported in these words.
refused_change() {
  in_changed_headers "$2" "$3" _refused "$1"
}
_refused() {
  local output
  if output=$(Scripts/contract-check.sh "$2" "$2/kept" 2>&1); then
    echo "the change was accepted: $output"
    return 1
  fi
  case $output in
  *"$1"*) ;;
  *) echo "the report does not say '$1': $output"; return 1 ;;
  esac
}

# What a minor may do: a field at the end of a struct that grows, a new constant, a new struct, under a new number.
_accepted_as_next_minor() {
  sed -E -i 's/^(#define DMT_ABI_MINOR) .*/\1 99/' "$1/dmt/base.h"
  mkdir "$1/kept/1.99"
  Scripts/contract-layout.sh "$1" > "$1/kept/1.99/layout.txt" && Scripts/contract-check.sh "$1" "$1/kept"
}

# A released minor is kept for good.
released_minors_stay() (
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  set -e
  cp -r Sources/CDMTPlugin/include/dmt "$scratch/dmt"
  export DMT_CONTRACT_HEADERS=$scratch DMT_CONTRACT_KEPT=$scratch/kept
  Scripts/contract-keep.sh
  sed -i 's/^#define DMT_POOLING_MEAN 1/#define DMT_POOLING_MEAN 2/' "$scratch/dmt/embedding.h"
  Scripts/contract-keep.sh
  grep -q 'constant DMT_POOLING_MEAN 2' "$scratch"/kept/*/layout.txt || { echo "an unreleased minor was not kept anew"; exit 1; }
  Scripts/contract-keep.sh --release
  Scripts/contract-keep.sh || { echo "an unchanged minor is no error"; exit 1; }
  sed -i 's/^#define DMT_POOLING_MEAN 2/#define DMT_POOLING_MEAN 3/' "$scratch/dmt/embedding.h"
  if Scripts/contract-keep.sh 2> "$scratch/error"; then echo "a released minor was kept anew"; exit 1; fi
  grep -q 'raise DMT_ABI_MINOR' "$scratch/error"
  grep -q 'constant DMT_POOLING_MEAN 2' "$scratch"/kept/*/layout.txt
)

# Every sidecar of this repository is one that this host takes.
sidecars_state_this_contract() {
  local major minor file bad=0
  major=$(awk '$2 == "DMT_ABI_MAJOR" { print $3 }' Sources/CDMTPlugin/include/dmt/base.h)
  minor=$(awk '$2 == "DMT_ABI_MINOR" { print $3 }' Sources/CDMTPlugin/include/dmt/base.h)
  while IFS= read -r file; do
    awk -v major="$major" -v minor="$minor" -v file="$file" '
      { text = text $0 }
      function number(key) {
        if (!match(text, "\"" key "\" *: *[0-9]+")) return -1
        value = substr(text, RSTART, RLENGTH)
        sub(/^.*: */, "", value)
        return value + 0
      }
      END {
        if (number("major") != major) { print file " is for major " number("major") ", the contract has " major; exit 1 }
        if (number("min_host_minor") > minor) { print file " needs minor " number("min_host_minor") ", the contract has " minor; exit 1 }
      }' "$file" || bad=1
  done < <(find Plugins Examples Tests -name '.build*' -prune -o -name plugin.json -print)
  return $bad
}

check "every sidecar states this contract" sidecars_state_this_contract
check "a minor is kept anew until it is released, and never after" released_minors_stay
check "the reference of the contract is what the headers say" reference_is_up_to_date
check "the headers keep every released minor" Scripts/contract-check.sh
check "a later minor may add a field at the end of a struct that grows" in_changed_headers backend.h \
  's/^    dmt_str library;/&\n    int64_t later;/; s/sizeof\(dmt_probe\) == 40/sizeof(dmt_probe) == 48/' _accepted_as_next_minor
check "an added field needs a new minor" refused_change "raise DMT_ABI_MINOR" backend.h \
  's/^    dmt_str library;/&\n    int64_t later;/; s/sizeof\(dmt_probe\) == 40/sizeof(dmt_probe) == 48/'
check "a field that moved is found" refused_change "field dmt_probe.reason 8 16" backend.h \
  's/dmt_str reason;/dmt_str swapped;/; s/dmt_str library;/dmt_str reason;/; s/dmt_str swapped;/dmt_str library;/'
check "a field that went away is found" refused_change "field dmt_probe.library, today it is gone" backend.h 's/dmt_str library;/dmt_str behind;/'
check "a constant that changed is found" refused_change "constant DMT_POOLING_MEAN 1" embedding.h 's/(DMT_POOLING_MEAN) 1/\1 2/'
check "a function whose arguments changed is found" refused_change "field dmt_log.write" host.h 's/int32_t level, dmt_str category/int64_t level, dmt_str category/'
check "a frozen struct that grew is found" refused_change "struct dmt_partition_figure 24 frozen" partitioner.h \
  's/^    double value;/&\n    double error;/; s/sizeof\(dmt_partition_figure\) == 24/sizeof(dmt_partition_figure) == 32/'
check "a function without its thread rule is refused" refused_change "dmt_backend.probe has no thread rule" backend.h 's/\[any\] Whether/Whether/'
check "a type without a fixed width is refused" refused_change "not of fixed width" backend.h 's/int32_t score;/long score;/'
check "an enum in a struct is refused" refused_change "not of fixed width" backend.h 's/int32_t score;/enum kind score;/'
check "a bit field is refused" refused_change "bit fields have no fixed layout" backend.h 's/int32_t score;/int32_t score : 4;/'
check "a struct that grows inside another one is refused" refused_change "which may grow" backend.h 's/const dmt_kernels \*kernels;/dmt_kernels kernels;/'
