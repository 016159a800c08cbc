#!/usr/bin/env python3
"""Writes the Rust bindings of the plugin contract from its C headers.

    Scripts/rust-bindings.py            write Bindings/Rust/contract.rs and Bindings/Rust/layout.rs
    Scripts/rust-bindings.py --check    exit with 1 when they are not what the headers say

It knows the C that the headers are written in, and stops at anything else: sized integers, pointers, arrays of fixed size,
function pointers, structs, and macros that are numbers or texts.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
HEADERS = ROOT / "Sources/CDMTPlugin/include/dmt"
TARGET = ROOT / "Bindings/Rust"

SCALARS = {
    "void": "c_void", "char": "c_char", "float": "f32", "double": "f64",
    "int8_t": "i8", "int16_t": "i16", "int32_t": "i32", "int64_t": "i64",
    "uint8_t": "u8", "uint16_t": "u16", "uint32_t": "u32", "uint64_t": "u64",
}
# The types of macros whose C spelling does not say it; the first prefix that fits decides.
MACRO_TYPES = [("DMT_ABI_", "u32"), ("DMT_MAX_", "usize"), ("DMT_DTYPE_", "u8")]
KEYWORDS = {"type", "move", "ref", "in", "box", "loop", "match", "use", "where", "yield"}


def stop(where, what):
    sys.exit(f"rust-bindings: {where}: {what}")


def rust_name(name):
    return f"r#{name}" if name in KEYWORDS else name


def rust_type(text, where):
    """The Rust type of a C type without a name, such as `const dmt_attr_field *const *`."""
    tokens = re.findall(r"\w+|\*", text)
    constant = "const" in tokens[: tokens.index("*")] if "*" in tokens else False
    base = [t for t in tokens if t not in ("const", "*")]
    if len(base) != 1:
        stop(where, f"cannot read the type '{text}'")
    result = SCALARS.get(base[0], base[0])
    rest = tokens[tokens.index("*"):] if "*" in tokens else []
    for i, token in enumerate(rest):
        if token == "*":
            result = f"*{'const' if constant else 'mut'} {result}"
            constant = i + 1 < len(rest) and rest[i + 1] == "const"
    return result


def declaration(text, where, parameter=False):
    """(name, Rust type) of `TYPE NAME` or `TYPE NAME[N]`."""
    found = re.fullmatch(r"(.+?)(\w+)(?:\[(\w+)\])?", text.strip(), re.S)
    if not found:
        stop(where, f"cannot read '{text}'")
    kind, name, count = found.groups()
    if count is None:
        return name, rust_type(kind, where)
    element = rust_type(kind, where)
    if parameter:  # an array parameter is a pointer
        return name, f"*{'const' if 'const' in kind.split() else 'mut'} {element}"
    return name, f"[{element}; {count}]"


def function_type(text, where):
    """(name, Rust type) of `TYPE (*NAME)(PARAMETERS)`."""
    found = re.fullmatch(r"(.+?)\(\*\s*(\w+)\)\s*\((.*)\)", text.strip(), re.S)
    if not found:
        stop(where, f"cannot read the function pointer '{text}'")
    result, name, parameters = found.groups()
    arguments = []
    if parameters.strip() != "void":
        for parameter in parameters.split(","):
            argument, kind = declaration(parameter, where, parameter=True)
            arguments.append(f"{rust_name(argument)}: {kind}")
    answer = "" if result.strip() == "void" else f" -> {rust_type(result, where)}"
    return name, f"unsafe extern \"C\" fn({', '.join(arguments)}){answer}"


def comment(text, indent):
    """A C comment `/** .. */` as Rust's documentation."""
    if text is None:
        return []
    lines = [re.sub(r"^\s*\*? ?", "", line) for line in text.strip()[3:-2].split("\n")]
    while lines and not lines[0].strip():
        lines.pop(0)
    while lines and not lines[-1].strip():
        lines.pop()
    # Square brackets are shapes here, and links to rustdoc.
    return [f"{indent}/// {line.strip()}".rstrip() for line in lines]


def macro(name, value, where):
    value = value.strip()
    if value.startswith('"'):
        return f"pub const {name}: &str = {value};"
    suffix = re.search(r"(?<=[0-9a-fA-F)])(ull|u)\b", value)
    kind = {"ull": "u64", "u": "u32", None: "i32"}[suffix.group(1) if suffix else None]
    for prefix, given in MACRO_TYPES:
        if name.startswith(prefix):
            kind = given
            break
    number = re.sub(r"(?<=[0-9a-fA-F])(ull|u)\b", "", value)
    shift = re.fullmatch(r"\((\d+) << (\d+)\)", number)
    if shift:
        number = f"{shift.group(1)} << {shift.group(2)}"
    elif not re.fullmatch(r"0x[0-9a-fA-F]+|-?\d+", number):
        stop(where, f"cannot read the macro {name} = {value}")
    return f"pub const {name}: {kind} = {number};"


def struct(name, body, where):
    """The struct's Rust lines, and its fields."""
    lines, fields = [], []
    for piece in re.finditer(r"\s*(/\*\*.*?\*/)?\s*([^;/]+);", body, re.S):
        text = re.sub(r"\s+", " ", piece.group(2)).strip()
        if "(*" in text:
            field, kind = function_type(text, where)
            kind = f"Option<{kind}>"
        else:
            field, kind = declaration(text, where)
        lines += comment(piece.group(1), "    ")
        lines.append(f"    pub {rust_name(field)}: {kind},")
        fields.append(field)
    if not fields:
        stop(where, f"struct {name} has no fields")
    return lines, fields


TOKENS = re.compile(
    r"(?P<comment>/\*\*(?:(?!\*/).)*?\*/)?\s*"
    r"(?:(?P<struct>typedef struct (?P<sname>\w+) \{(?P<body>.*?)\n\} \w+;)"
    r"|(?P<function>typedef [^;{]*?\(\*\w+\)\s*\([^;]*?\));"
    r"|typedef (?P<alias>\w+) (?P<aname>\w+);"
    r"|\#define (?P<macro>DMT_\w+)[ ](?P<value>[^\n]+))", re.S)
SKIPPED = ("DMT_STATIC_ASSERT", "DMT_EXPORT", "DMT_HAS", "DMT_STRUCT_INIT")


def translate(header, structs):
    """The Rust lines of one header; its structs are added to `structs`."""
    text = header.read_text()
    # What is only for C: includes, guards, C++, assertions and inline functions.
    text = re.sub(r"/\*(?!\*)(?:(?!\*/).)*\*/", "", text, flags=re.S)
    text = re.sub(r"static inline [^{]*\{.*?\n\}\n", "", text, flags=re.S)
    lines = ["", f"// {header.name}"]
    for found in TOKENS.finditer(text):
        where = header.name
        if found["macro"]:
            if found["macro"].startswith(SKIPPED) or found["macro"].endswith("_H"):
                continue
            lines += comment(found["comment"], "")
            lines.append(macro(found["macro"], found["value"], where))
        elif found["alias"]:
            lines += ["", *comment(found["comment"], "")]
            lines.append(f"pub type {found['aname']} = {SCALARS.get(found['alias'], found['alias'])};")
        elif found["function"]:
            name, kind = function_type(found["function"].removeprefix("typedef "), where)
            lines += ["", *comment(found["comment"], ""), f"pub type {name} = {kind};"]
        else:
            body, fields = struct(found["sname"], found["body"], where)
            structs[found["sname"]] = fields
            lines += ["", *comment(found["comment"], ""), "#[repr(C)]", "#[derive(Clone, Copy)]"]
            lines += [f"pub struct {found['sname']} {{", *body, "}"]
            lines.append(f"unsafe impl Sync for {found['sname']} {{}}")
    declared = set(re.findall(r"typedef struct (\w+)", text))
    if declared - structs.keys():
        stop(header.name, f"missed {', '.join(sorted(declared - structs.keys()))}")
    return lines


def headers():
    """The headers in the order in which they include each other."""
    done, order = set(), []

    def visit(header):
        if header.name in done:
            return
        done.add(header.name)
        for name in re.findall(r'#include "(\w+\.h)"', header.read_text()):
            visit(HEADERS / name)
        order.append(header)

    for header in sorted(HEADERS.glob("*.h")):
        visit(header)
    return [h for h in order if h.name != "dmt.h"]


def bindings():
    structs = {}
    lines = [
        "// The plugin contract for Rust: the structs, constants and function types of the headers dmt/*.h, name for name.",
        "// Written by Scripts/rust-bindings.py. Needs Rust 1.63, and nothing beside the standard library.",
        "//",
        "// `Option<fn>` is a function pointer that may be NULL. The structs are plain data that one side fills before the other",
        "// reads, so they may lie in a `static`: that is what `Sync` says here. What a pointer leads to is the contract's matter.",
        "#![allow(non_camel_case_types, dead_code)]",
        "#![allow(clippy::all)]",
        "",
        "use std::os::raw::{c_char, c_void};",
    ]
    for header in headers():
        lines += translate(header, structs)
    layout = [
        "// The layout of every struct of contract.rs as rustc sees it, printed as C that a compiler checks against the headers.",
        "// Written by Scripts/rust-bindings.py; Bindings/Rust/test.sh runs it.",
        "#[path = \"contract.rs\"]",
        "mod contract;",
        "",
        "macro_rules! check {",
        "    ($name:ident, $($c:literal $field:ident),+) => {",
        "        let value = std::mem::MaybeUninit::<contract::$name>::uninit();",
        "        let base = value.as_ptr();",
        "        let (size, name) = (std::mem::size_of::<contract::$name>(), stringify!($name));",
        "        println!(\"_Static_assert(sizeof({name}) == {size}, \\\"sizeof {name}\\\");\");",
        "        $(",
        "            let offset = unsafe { std::ptr::addr_of!((*base).$field) as usize } - base as usize;",
        "            let field = $c;",
        "            println!(\"_Static_assert(offsetof({name}, {field}) == {offset}, \\\"{name}.{field}\\\");\");",
        "        )+",
        "    };",
        "}",
        "",
        "fn main() {",
        "    println!(\"#include <dmt/dmt.h>\");",
    ]
    for name, fields in structs.items():
        texts = ", ".join(f'"{f}" {rust_name(f)}' for f in fields)
        layout.append(f"    check!({name}, {texts});")
    layout.append("}")
    return {"contract.rs": "\n".join(lines) + "\n", "layout.rs": "\n".join(layout) + "\n"}


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit(__doc__)
    stale = []
    for name, text in bindings().items():
        file = TARGET / name
        if check:
            if not file.exists() or file.read_text() != text:
                stale.append(str(file.relative_to(ROOT)))
        else:
            file.write_text(text)
    if stale:
        sys.exit(f"rust-bindings: {', '.join(stale)}: not what the headers say; run Scripts/rust-bindings.py")


main()
