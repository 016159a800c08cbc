# Checks of the files themselves. Sourced by run.sh, in the repository's root.

# Prints every file of ours that has lines, one a line: no build folders, no data, no licence texts.
source_files() {
  find Package.swift Makefile README.md CONTRIBUTING.md CHANGELOG.md .ci Sources Bindings Templates Plugins Tests Scripts Examples docs \
    -name '.build*' -prune -o -name '.dmt' -prune -o -path 'Examples/*/data' -prune -o -type f \
    \( -name '*.swift' -o -name '*.h' -o -name '*.c' -o -name '*.hpp' -o -name '*.cpp' -o -name '*.rs' -o -name '*.py' -o -name '*.sh' -o -name '*.md' -o -name '*.yaml' \
    -o -name '*.txt' -o -name Makefile -o -path '.ci/run' \) -print
}

# Bindings/Rust/contract.rs is written by a script, and one file by choice.
code_files() { source_files | grep -E '\.(swift|h|c|hpp|cpp|rs|py|sh)$' | grep -vxF Bindings/Rust/contract.rs; }

files_stay_short() {
  local long
  long=$(code_files | tr '\n' '\0' | xargs -0 wc -l | awk '$2 != "total" && $1 > 500 { print $2 ": " $1 " lines, at most 500" }')
  [ -z "$long" ] || { echo "$long"; return 1; }
}

no_unfinished_marks() {
  # The pattern is written in two halves, or this file would find itself.
  ! code_files | tr '\n' '\0' | xargs -0 grep -nE "\\b(TO""DO|FIX""ME|XX""X)\\b"
}

no_traps_on_input() {
  ! find Sources Plugins -name '.build*' -prune -o -type f -name '*.swift' -path '*/Sources/*' -print0 |
    xargs -0 grep -nE '\b(fatalError\(|try! )'
}

no_trailing_blanks() {
  ! source_files | tr '\n' '\0' | xargs -0 grep -nE '[[:blank:]]+$'
}

files_end_with_a_newline() {
  local file bad=0
  while IFS= read -r file; do
    if [ -s "$file" ] && [ -n "$(tail -c 1 "$file")" ]; then
      echo "$file"
      bad=1
    fi
  done < <(source_files)
  return $bad
}

shell_scripts_parse() {
  local file bad=0
  while IFS= read -r file; do
    bash -n "$file" || bad=1
  done < <(source_files | grep -E '\.sh$|^\.ci/run$')
  return $bad
}

# DMTCore is the vocabulary: a type that needs Foundation belongs to a module above it. (The C library is there for math.)
core_imports_no_foundation() {
  ! grep -rnE '^[a-z ]*import (Foundation|FoundationEssentials|Dispatch)\b' Sources/DMTCore
}

# A module imports the modules below it alone. A new module finds its place in the order here.
imports_run_downward() {
  local order=(CDMTPlugin CDMTHostShims CDMTPluginTemplates DMTCore DMTPluginTemplates DMTPicture DMTBridge DMTDataflow DMTSafetensors DMTCases DMTPluginKit DMTPluginHost DMTManifest DMTReference DMTModules DMTRuntime DMTDistributed DMTTesting DMTInterconnectTesting DMTConformance
    DMTData DMTTraining DMTPartition DMTComparison DMTPlanning dmt) module folder imported seen="" bad=0
  for folder in Sources/*/; do
    module=$(basename "$folder")
    case " ${order[*]} " in
    *" $module "*) ;;
    *)
      echo "Sources/$module has no place in the order of modules in Tests/Repository/source-checks.sh"
      bad=1
      ;;
    esac
  done
  for module in "${order[@]}"; do
    [ -d "Sources/$module" ] || continue
    while read -r imported; do
      case " ${order[*]} " in
      *" $imported "*)
        case " $seen " in
        *" $imported "*) ;;
        *)
          echo "Sources/$module imports $imported, which is above it"
          bad=1
          ;;
        esac
        ;;
      esac
    done < <(grep -rhoE '^[@_a-z ]*import [A-Za-z]+' "Sources/$module" --include='*.swift' | awk '{ print $NF }' | sort -u)
    seen="$seen $module"
  done
  return $bad
}

# Testable imports would make a release build of the tests compile every module again (docs/decisions/0013). A plugin that
# enables them for its own targets may use them.
tests_import_without_testable() {
  ! find Tests -name '.build*' -prune -o -type f -name '*.swift' -print0 | xargs -0 grep -nE '^ *@testable import'
}

# A file that is not embedded would be missing from every package.
templates_are_embedded() {
  diff <(cd Templates && find plugin -type f | LC_ALL=C sort) \
    <(sed -n 's|^#embed "../../Templates/\(.*\)"$|\1|p' Sources/CDMTPluginTemplates/*.c | LC_ALL=C sort -u)
}

check "code files have 500 lines at most" files_stay_short
check "nothing is marked as unfinished" no_unfinished_marks
check "no product code traps on purpose" no_traps_on_input
check "no line ends in blanks" no_trailing_blanks
check "every file ends with a newline" files_end_with_a_newline
check "every shell script parses" shell_scripts_parse
check "DMTCore imports no Foundation" core_imports_no_foundation
check "imports run downward" imports_run_downward
check "no test needs a testable import" tests_import_without_testable
check "every template is embedded in the program" templates_are_embedded
