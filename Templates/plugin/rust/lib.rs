//! Who the plugin is, and its one exported function. What it computes is in `@KIND@.rs`.

mod @KIND@;

use dmt::kit::{self, text};
use dmt::*;
use std::os::raw::c_void;
use @KIND@::{COMPONENT, TABLE};

// Id and version are also those of plugin.json.
static DESCRIPTOR: dmt_plugin_descriptor = dmt_plugin_descriptor {
    vendor: text(""),
    homepage: text(""),
    ..kit::descriptor("@ID@", "0.1.0", "Apache-2.0", "@SUMMARY@", &[&COMPONENT])
};

static PLUGIN: dmt_plugin = kit::plugin(&DESCRIPTOR, get_component);

#[no_mangle]
pub extern "C" fn dmt_plugin_entry() -> *const dmt_plugin {
    &PLUGIN
}

unsafe extern "C" fn get_component(kind: dmt_str, id: dmt_str, revision: i32) -> *const c_void {
    if kit::is_asked_for(&COMPONENT, kind, id, revision) {
        &TABLE as *const _ as *const c_void
    } else {
        std::ptr::null()
    }
}
