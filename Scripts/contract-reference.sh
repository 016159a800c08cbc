#!/usr/bin/env bash
# Prints the reference of the contract, in Markdown, from the headers' declarations and comments, with the offsets and sizes
# that a compiler gives them. docs/abi-reference.md is its output: make contract.
set -euo pipefail
cd "$(dirname "$0")/.."
headers=Sources/CDMTPlugin/include
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

Scripts/contract-layout.sh "$headers" > "$scratch/layout"
# Headers in the order in which a reader needs them, then whatever is new.
order=()
for name in plugin host base kernel backend operator module embedding update partitioner sharding interconnect; do
  order+=("$headers/dmt/$name.h")
done
for header in "$headers"/dmt/*.h; do
  case " ${order[*]} $headers/dmt/dmt.h " in
  *" $header "*) ;;
  *) order+=("$header") ;;
  esac
done
awk -f Scripts/contract.awk "${order[@]}" > "$scratch/records"
# "since" of whatever the first kept minor does not have yet.
find Tests/Fixtures/Headers -name layout.txt 2> /dev/null | sort -V > "$scratch/kept"

awk -F '\t' -v kept="$scratch/kept" -v layout="$scratch/layout" '
  # Code in a cell, and prose, as Markdown takes them.
  function code(text) { gsub(/\|/, "\\|", text); return text }
  function escape(text) { text = code(text); gsub(/</, "\\&lt;", text); gsub(/\*/, "\\*", text); return text }
  # A comment as Markdown: constants, types and thread rules stand out.
  function prose(text, gap, point) {
    gsub(/<p>/, "\001", text)
    gsub(/<li>/, "\002", text)
    text = escape(text)
    gsub(/ *\001/, gap, text)
    gsub(/ *\002/, point, text)
    gsub(/\[load\]/, "**[load]**", text)
    gsub(/\[any\]/, "**[any]**", text)
    gsub(/\[instance\]/, "**[instance]**", text)
    gsub(/\[collective\]/, "**[collective]**", text)
    return text
  }
  function cell(text) { return prose(text, "<br>", "<br>- ") }
  function tag(key) { return (key in since && since[key] != first) ? " *since " since[key] "*" : "" }
  function constants_end() { if (in_constants) print ""; in_constants = 0 }
  function fields_end() { if (in_fields) print ""; in_fields = 0 }
  BEGIN {
    while ((getline path < kept) > 0) {
      version = path
      sub(/\/layout.txt$/, "", version)
      sub(/^.*\//, "", version)
      if (first == "") first = version
      while ((getline line < path) > 0) { split(line, part, " "); if (!((part[1] " " part[2]) in since)) since[part[1] " " part[2]] = version }
      close(path)
    }
    while ((getline line < layout) > 0) {
      split(line, part, " ")
      if (part[1] == "struct") { size[part[2]] = part[3]; grows[part[2]] = part[4] }
      if (part[1] == "field") offset[part[2]] = part[3]
      if (part[1] == "constant" && part[2] ~ /^DMT_ABI_/) number[part[2]] = part[3]
    }
    print "# Reference of the plugin contract, version " number["DMT_ABI_MAJOR"] "." number["DMT_ABI_MINOR"]
    print ""
    print "Made from the headers by `make contract`; [the contract](abi.md) says what holds for all of it, [plugins](plugins.md) how to"
    print "write one. Offsets and sizes are in bytes. A struct that *grows* may get fields at its end in a minor; a *frozen* one does not."
    print ""
  }
  $1 == "H" {
    constants_end()
    fields_end()
    text = $3
    sub(/^[a-z]+\.h: /, "", text)
    print "## " $2 "\n"
    text = toupper(substr(text, 1, 1)) substr(text, 2)
    print prose(text, "\n\n", "\n- ") "\n"
    group = ""
  }
  $1 == "S" { constants_end(); fields_end(); print "**" escape($2) "**\n" }
  $1 == "C" {
    fields_end()
    if (!in_constants) print "| constant | value | |\n|---|---|---|"
    in_constants = 1
    value = $3
    print "| `" $2 "` | `" code(value) "` | " cell($4) tag("constant " $2) " |"
  }
  $1 == "T" { constants_end(); fields_end(); struct = $2; doc = $3; pending = 1 }
  ($1 == "F" || $1 == "P") && pending {
    print "### `" struct "`" tag("struct " struct) "\n"
    sub(/ *Frozen\./, "", doc)
    print prose(doc, "\n\n", "\n- ") "\n"
    print "*" size[struct] " bytes, " grows[struct] ".*\n"
    print "| offset | field | |\n|---|---|---|"
    pending = 0
    in_fields = 1
  }
  $1 == "F" {
    declaration = $3
    if (declaration !~ /\*$/) declaration = declaration " "
    print "| " offset[struct "." $2] " | `" declaration $2 ($4 == "" ? "" : "[" $4 "]") "` | " cell($5) tag("field " struct "." $2) " |"
  }
  $1 == "P" { print "| " offset[struct "." $2] " | `" code($3) "` | " cell($5) tag("field " struct "." $2) " |" }
  $1 == "E" { fields_end() }
  $1 == "D" || $1 == "X" {
    constants_end()
    fields_end()
    print "### `" $2 "`\n\n```c\n" $3 "\n```\n\n" prose($4, "\n\n", "\n- ") "\n"
  }
  END { constants_end(); fields_end() }
' "$scratch/records" | awk 'NR > 1 && held == "" && $0 == "" { next } NR > 1 { print held } { held = $0 } END { if (held != "") print held }'
