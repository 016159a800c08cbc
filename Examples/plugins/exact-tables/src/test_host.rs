//! A host for the tests: three threads, pieces as small as they may be, and what was said last.

use dmt::kit::{self, text};
use dmt::*;
use std::os::raw::c_void;

unsafe extern "C" fn service(_: *mut c_void, id: dmt_str) -> *const c_void {
    match kit::bytes(id) {
        b"dmt.parallel/1" => &PARALLEL as *const dmt_parallel as *const c_void,
        _ => std::ptr::null(),
    }
}
unsafe extern "C" fn set_error(_: *mut c_void, _: dmt_status, message: dmt_str) {
    LAST.with(|last| *last.borrow_mut() = String::from_utf8_lossy(kit::bytes(message)).into_owned());
}
unsafe extern "C" fn max_threads(_: *mut c_void) -> i32 {
    3
}
/// Three threads, pieces as small as they may be.
unsafe extern "C" fn parallel_for(
    _: *mut c_void, count: i64, grain: i64, body: dmt_parallel_body, argument: *mut c_void,
) {
    let argument = argument as usize;
    std::thread::scope(|scope| {
        for worker in 0..3 {
            scope.spawn(move || {
                for piece in (worker..(count + grain - 1) / grain).step_by(3) {
                    body(argument as *mut c_void, piece * grain, count.min((piece + 1) * grain), worker as i32)
                }
            });
        }
    });
}

thread_local! {
    static LAST: std::cell::RefCell<String> = std::cell::RefCell::new(String::new());
}
static PARALLEL: dmt_parallel = dmt_parallel {
    struct_size: std::mem::size_of::<dmt_parallel>() as u32,
    reserved: 0,
    ctx: std::ptr::null_mut(),
    max_threads: Some(max_threads),
    parallel_for: Some(parallel_for),
};
pub static HOST: dmt_host = dmt_host {
    struct_size: std::mem::size_of::<dmt_host>() as u32,
    abi_major: DMT_ABI_MAJOR,
    abi_minor: DMT_ABI_MINOR,
    reserved: 0,
    name: text("test"),
    version: text("1"),
    ctx: std::ptr::null_mut(),
    get_service: Some(service),
    set_error: Some(set_error),
};

/// What was said last about a failure, on this thread.
pub fn said() -> String {
    LAST.with(|last| last.borrow().clone())
}
