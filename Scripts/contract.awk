# Reads contract headers and prints what they declare, a record a line, fields separated by tabs:
#
#   H FILE DOC               a header
#   S TEXT                   the title of a group of constants
#   C NAME VALUE DOC         a constant
#   T NAME DOC               a struct begins, E NAME ends it
#   F NAME TYPE COUNT DOC    a field of it; COUNT is the text between brackets, or empty
#   P NAME TYPE COUNT DOC    a field that is a function; TYPE is the whole declaration
#   D NAME TEXT DOC          a type by another name
#   X NAME TEXT DOC          a function
#
# In a DOC, paragraphs are separated by <p>, and points of a list begin with <li>.
#
# What breaks the contract's own rules goes to standard error and makes the exit status 1: a struct or function without a
# comment, a function without its thread rule, a type that is not of fixed width.

function fail(text) {
  print FILENAME ":" FNR ": " text > "/dev/stderr"
  broken = 1
}

function trim(text) {
  sub(/^[ \t]+/, "", text)
  sub(/[ \t]+$/, "", text)
  return text
}

# Adds a line of a comment, without its star.
function append(text, body) {
  body = trim(text)
  if (body == "") { pending = (doc == "" ? "" : "<p>"); return }
  if (body ~ /^- /) { doc = doc "<li>" substr(body, 3); pending = ""; return }
  if (doc != "" && text ~ /^ +\[(load|any|instance|collective)\]/) { doc = doc "<li>" body; return }
  doc = doc (doc == "" ? "" : pending == "" ? " " : pending) body
  pending = ""
}

function take(  text) {
  text = doc
  doc = ""
  pending = ""
  return text
}

function needs_thread_rule(name, text) {
  if (text !~ /\[(load|any|instance|collective)\]/) fail(name " has no thread rule in its comment")
}

function check_type(name, type,  base) {
  base = type
  gsub(/const|\*/, " ", base)
  base = trim(base)
  if (base !~ /^(u?int(8|16|32|64)_t|float|double|void|char|dmt_[a-z0-9_]+)$/) fail(name " has type '" type "', which is not of fixed width")
  if ((base == "void" || base == "char") && type !~ /\*/) fail(name " has type '" type "'")
}

# A whole declaration inside a struct.
function field(text,  name, type, count) {
  sub(/;$/, "", text)
  if (text ~ /\(\*/) {
    name = text
    sub(/^[^(]*\(\*/, "", name)
    sub(/\).*$/, "", name)
    needs_thread_rule(struct "." name, doc)
    print "P\t" name "\t" text "\t\t" take()
    return
  }
  if (text ~ /:/) fail(struct ": bit fields have no fixed layout: " text)
  count = ""
  if (text ~ /\[/) {
    count = text
    sub(/^[^\[]*\[/, "", count)
    sub(/\].*$/, "", count)
    sub(/\[.*$/, "", text)
  }
  name = text
  sub(/^.*[ *]/, "", name)
  type = trim(substr(text, 1, length(text) - length(name)))
  check_type(struct "." name, type)
  if (fields == 0) grows[struct] = (name == "struct_size")
  if (type !~ /\*/) holds[struct "." name] = type
  fields++
  print "F\t" name "\t" type "\t" count "\t" take()
}

FNR == 1 { file = FILENAME; sub(/^.*\//, "", file); head = 1; state = ""; doc = ""; pending = "" }

# Comments.
state == "comment" {
  line = $0
  done = (line ~ /\*\//)
  sub(/\*\/.*$/, "", line)
  sub(/^[ \t]*\*/, "", line)
  append(line)
  if (done) { state = before; if (head) { print "H\t" file "\t" take(); head = 0 } }
  next
}
/^[ \t]*\/\*\*/ {
  take()
  line = $0
  sub(/^[ \t]*\/\*\*/, "", line)
  before = state
  if (line ~ /\*\//) { sub(/\*\/.*$/, "", line); append(line); if (head) { print "H\t" file "\t" take(); head = 0 } } else { append(line); state = "comment" }
  next
}
/^[ \t]*\/\*/ {
  line = $0
  if (line !~ /\*\//) fail("a comment between groups takes one line")
  sub(/^[ \t]*\/\* */, "", line)
  sub(/ *\*\/.*$/, "", line)
  print "S\t" line
  next
}

# Preprocessor: constants are read, the rest is not part of the contract.
/^#define [A-Z0-9_]+ / {
  name = $2
  value = $0
  sub(/^#define [A-Z0-9_]+ /, "", value)
  if (value !~ /^[-0-9("]/) { take(); next }
  print "C\t" name "\t" trim(value) "\t" take()
  next
}
/^#define [A-Z0-9_]+\(.*\) / && doc != "" {
  name = $0
  sub(/^#define /, "", name)
  sub(/\(.*$/, "", name)
  print "X\t" name "\t" $0 "\t" take()
  next
}
/^#/ { take(); next }

# Structs.
state == "" && /^typedef struct [a-z0-9_]+ \{$/ {
  struct = $3
  if (doc == "") fail(struct " has no comment")
  print "T\t" struct "\t" take()
  state = "struct"
  fields = 0
  statement = ""
  next
}
state == "struct" && /^\}/ {
  print "E\t" struct
  state = ""
  next
}
state == "struct" {
  if ($0 ~ /^[ \t]*enum/) fail(struct ": an enum has no fixed size")
  statement = statement (statement == "" ? "" : " ") trim($0)
  if (statement ~ /;$/) { field(statement); statement = "" }
  next
}

# Other declarations.
state == "" && /^typedef / {
  text = $0
  name = text
  if (text ~ /\(\*/) { sub(/^[^(]*\(\*/, "", name); sub(/\).*$/, "", name) } else { sub(/;$/, "", name); sub(/^.* /, "", name) }
  if (text ~ /\(\*/) needs_thread_rule(name, doc)
  print "D\t" name "\t" text "\t" take()
  next
}
state == "" && /^DMT_EXPORT / {
  name = $0
  sub(/\(.*$/, "", name)
  sub(/^.*[ *]/, "", name)
  needs_thread_rule(name, doc)
  text = $0
  sub(/^DMT_EXPORT /, "", text)
  print "X\t" name "\t" text "\t" take()
  next
}
state == "" && /^static inline / {
  name = $0
  sub(/\(.*$/, "", name)
  sub(/^.*[ *]/, "", name)
  text = $0
  sub(/ *\{$/, ";", text)
  print "X\t" name "\t" text "\t" take()
  state = "body"
  next
}
state == "body" { if (/^\}/) state = ""; next }
/^(extern "C" \{|\})$/ || /^DMT_STATIC_ASSERT/ || /^[ \t]*$/ { if (!/^$/ || doc != "") take(); next }
{ fail("cannot be read as a declaration: " $0) }

END {
  for (name in holds) if (grows[holds[name]]) fail(name " holds a " holds[name] ", which may grow")
  exit broken
}
