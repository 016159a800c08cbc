//! `com.example.exact_tables`: tables whose sums are made in double precision, in a fixed order.
//!
//! All tables of a rank in one loop over the host's threads; the update goes straight from the gradients of the outputs to rows and
//! optimizer state. Every result is rounded to float32 once, so it equals that of dmt's reference kernels bit for bit, at any number
//! of threads.

mod dedup;
mod lookup;
mod optimizer;
mod plan;
mod rows;
#[cfg(test)]
mod test_host;
#[cfg(test)]
mod tests;

use dmt::kit::{self, guard, Failure};
use dmt::*;
use plan::Plan;
use std::os::raw::c_void;

const SUMMARY: &str = "Tables with sums in double precision: what the reference computes, bit for bit.";

static COMPONENT: dmt_component = kit::component(DMT_KIND_EMBEDDING, 1, "com.example.exact_tables", SUMMARY);

static DESCRIPTOR: dmt_plugin_descriptor =
    kit::descriptor("com.example.exact-tables", "1.0.0", "Apache-2.0", SUMMARY, &[&COMPONENT]);

static PLUGIN: dmt_plugin = kit::plugin(&DESCRIPTOR, get_component);

static EMBEDDING: dmt_embedding = dmt_embedding {
    struct_size: kit::size::<dmt_embedding>(),
    revision: 1,
    ctx: std::ptr::null_mut(),
    supports: Some(supports),
    bind: Some(bind),
    scratch_bytes: Some(scratch_bytes),
    forward: Some(forward),
    dedup: Some(dedup),
    update: Some(update),
    row_gradients: Some(row_gradients),
    release: Some(release),
};

#[no_mangle]
pub extern "C" fn dmt_plugin_entry() -> *const dmt_plugin {
    &PLUGIN
}

unsafe extern "C" fn get_component(kind: dmt_str, id: dmt_str, revision: i32) -> *const c_void {
    if kit::is_asked_for(&COMPONENT, kind, id, revision) {
        &EMBEDDING as *const dmt_embedding as *const c_void
    } else {
        std::ptr::null()
    }
}

unsafe extern "C" fn supports(_: *mut c_void, request: *const dmt_embedding_request) -> dmt_status {
    guard(|| Plan::new(request).map(drop))
}

unsafe extern "C" fn bind(
    _: *mut c_void, request: *const dmt_embedding_request, answer: *mut dmt_embedding_plan,
) -> dmt_status {
    guard(|| {
        kit::given_mut(answer)?.handle = Box::into_raw(Box::new(Plan::new(request)?)) as *mut c_void;
        Ok(())
    })
}

unsafe extern "C" fn release(plan: *mut c_void) {
    if !plan.is_null() {
        drop(Box::from_raw(plan as *mut Plan));
    }
}

unsafe extern "C" fn scratch_bytes(_: *mut c_void, _batch: i64, values: i64) -> i64 {
    dedup::scratch_bytes(values.max(0))
}

/// Runs `body` on the plan and the call, which it has to check.
unsafe fn run(
    plan: *mut c_void, call: *const dmt_embedding_call, body: unsafe fn(&Plan, &dmt_embedding_call) -> Result<(), Failure>,
) -> dmt_status {
    guard(|| {
        body(kit::bound(plan)?, kit::given(call)?)
    })
}

unsafe extern "C" fn forward(plan: *mut c_void, call: *const dmt_embedding_call) -> dmt_status {
    run(plan, call, lookup::forward)
}

unsafe extern "C" fn dedup(plan: *mut c_void, call: *const dmt_embedding_call) -> dmt_status {
    run(plan, call, dedup::dedup)
}

unsafe extern "C" fn update(plan: *mut c_void, call: *const dmt_embedding_call) -> dmt_status {
    run(plan, call, rows::update)
}

unsafe extern "C" fn row_gradients(plan: *mut c_void, call: *const dmt_embedding_call) -> dmt_status {
    run(plan, call, rows::row_gradients)
}
