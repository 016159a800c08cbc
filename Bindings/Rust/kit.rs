//! What every plugin in Rust needs around the contract: texts, attributes, failures, the host's threads.
//!
//! **Panics.** Nothing may unwind into the host, and `panic = "abort"` would end the host for a bug in a plugin. So every function
//! that the host calls runs its body in [`guard`], which turns a panic into `DMT_INTERNAL` with the panic's message; bodies of
//! [`parallel`] loops, which run under frames of the host, are guarded too. Build with the default `panic = "unwind"`.

use crate::contract::*;
use std::any::Any;
use std::borrow::Cow;
use std::ops::Range;
use std::os::raw::{c_char, c_void};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::Mutex;

/// A static text of the contract.
pub const fn text(text: &'static str) -> dmt_str {
    dmt_str { data: text.as_ptr() as *const c_char, size: text.len() as i64 }
}

/// An empty text.
pub const NO_TEXT: dmt_str = dmt_str { data: std::ptr::null(), size: 0 };

/// An attribute without a value: what fields that are not read hold.
pub const NO_ATTRIBUTE: dmt_attr = dmt_attr {
    name: NO_TEXT,
    r#type: 0,
    reserved: 0,
    i64: 0,
    f64: 0.0,
    str: NO_TEXT,
    list: std::ptr::null(),
    list_size: 0,
};

/// The size of a struct, for its `struct_size`.
pub const fn size<T>() -> u32 {
    std::mem::size_of::<T>() as u32
}

/// The bytes of a text that the host passed; not UTF-8 is possible, NULL is empty.
///
/// # Safety
/// `text` points to `size` bytes that live as long as the result is used.
pub unsafe fn bytes<'a>(text: dmt_str) -> &'a [u8] {
    slice(text.data as *const u8, text.size)
}

/// `count` elements at `data`; none where `data` is NULL or `count` is not positive.
///
/// # Safety
/// `data` points to `count` elements that live, and are not written, as long as the result is used.
pub unsafe fn slice<'a, T>(data: *const T, count: i64) -> &'a [T] {
    if data.is_null() || count <= 0 {
        return &[];
    }
    std::slice::from_raw_parts(data, count as usize)
}

/// A struct that the host passed, whose first field is its `struct_size`; a failure where it is NULL or shorter than `T`.
///
/// # Safety
/// `pointer` is NULL or leads to a struct of the contract that begins with `struct_size`.
pub unsafe fn given<'a, T>(pointer: *const T) -> Result<&'a T, Failure> {
    if pointer.is_null() || *(pointer as *const u32) < size::<T>() {
        return Err(Failure::invalid("an argument is NULL, or of an older contract"));
    }
    Ok(&*pointer)
}

/// As [`given`], of a struct that is to be filled.
///
/// # Safety
/// As for [`given`]; nobody else uses it during the call.
pub unsafe fn given_mut<'a, T>(pointer: *mut T) -> Result<&'a mut T, Failure> {
    given(pointer).map(|_| &mut *pointer)
}

/// What a handle leads to, which this plugin made by `Box::into_raw`; a failure where it is NULL.
///
/// # Safety
/// `handle` is NULL, or leads to a `T` that has not been released.
pub unsafe fn bound<'a, T>(handle: *mut c_void) -> Result<&'a T, Failure> {
    (handle as *const T).as_ref().ok_or_else(|| Failure::invalid("the handle is NULL"))
}

/// Why a call fails: a status of the contract, and a sentence that says what was found and what was expected.
#[derive(Debug)]
pub struct Failure {
    pub status: dmt_status,
    pub message: Cow<'static, str>,
}

impl Failure {
    /// What was passed breaks a rule.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Failure {
        Failure { status: DMT_INVALID_ARGUMENT, message: message.into() }
    }

    /// Valid, and not served here: the host asks the next one.
    pub fn unserved(message: impl Into<Cow<'static, str>>) -> Failure {
        Failure { status: DMT_UNIMPLEMENTED, message: message.into() }
    }

    /// What a function of the host answered: it knows its own error, which is passed on as it is.
    pub fn of_host(status: dmt_status) -> Failure {
        Failure { status, message: Cow::Borrowed("") }
    }

    /// Tells the host, and gives the status to return.
    pub fn report(&self) -> dmt_status {
        let host = HOST.load(Ordering::Acquire);
        if !host.is_null() && !self.message.is_empty() {
            let message = dmt_str { data: self.message.as_ptr() as *const c_char, size: self.message.len() as i64 };
            // SAFETY: `initialize` got the host, which lives as long as the process; it copies the message at once.
            unsafe {
                if let Some(set_error) = (*host).set_error {
                    set_error((*host).ctx, self.status, message);
                }
            }
        }
        self.status
    }
}

/// The status of a function of the host as a result.
pub fn check(status: dmt_status) -> Result<(), Failure> {
    if status == DMT_OK {
        Ok(())
    } else {
        Err(Failure::of_host(status))
    }
}

/// Runs the body of a function that the host called. A failure is reported, a panic becomes `DMT_INTERNAL`.
pub fn guard(body: impl FnOnce() -> Result<(), Failure>) -> dmt_status {
    match caught(body) {
        Ok(()) => DMT_OK,
        Err(failure) => failure.report(),
    }
}

fn caught(body: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    // What a panic left half done is output memory of the host, which it throws away with the failed call.
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        Err(Failure { status: DMT_INTERNAL, message: format!("the plugin panicked: {}", panic_text(&*panic)).into() })
    })
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    if let Some(text) = panic.downcast_ref::<&str>() {
        return text;
    }
    panic.downcast_ref::<String>().map_or("without a message", String::as_str)
}

static HOST: AtomicPtr<dmt_host> = AtomicPtr::new(std::ptr::null_mut());
static PARALLEL: AtomicPtr<dmt_parallel> = AtomicPtr::new(std::ptr::null_mut());

/// Remembers the host and its threads: the `initialize` of a plugin.
///
/// # Safety
/// `host` is what the host passed to `initialize`.
pub unsafe extern "C" fn initialize(host: *const dmt_host) -> dmt_status {
    HOST.store(host as *mut dmt_host, Ordering::Release);
    PARALLEL.store(service::<dmt_parallel>(DMT_SERVICE_PARALLEL) as *mut dmt_parallel, Ordering::Release);
    DMT_OK
}

/// The table of a service of the host, such as `dmt.cpu/1`, or NULL.
///
/// # Safety
/// `T` is the struct of the service.
pub unsafe fn service<T>(id: &'static str) -> *const T {
    let host = HOST.load(Ordering::Acquire);
    if host.is_null() {
        return std::ptr::null();
    }
    match (*host).get_service {
        Some(get_service) => get_service((*host).ctx, text(id)) as *const T,
        None => std::ptr::null(),
    }
}

/// Calls `body` on disjoint pieces of `0..count` on the host's threads, and returns when all are done. Pieces are multiples of
/// `grain` long, but the last. Of several failures one is kept.
pub fn parallel<T: Sync>(
    count: usize, grain: usize, context: &T, body: fn(&T, Range<usize>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    struct Job<'a, T> {
        context: &'a T,
        body: fn(&T, Range<usize>) -> Result<(), Failure>,
        failed: AtomicBool,
        failure: Mutex<Option<Failure>>,
    }
    unsafe extern "C" fn run<T: Sync>(argument: *mut c_void, begin: i64, end: i64, _worker: i32) {
        let job = &*(argument as *const Job<T>);
        if let Err(failure) = caught(|| (job.body)(job.context, begin as usize..end as usize)) {
            job.failed.store(true, Ordering::Relaxed);
            if let Ok(mut kept) = job.failure.lock() {
                kept.get_or_insert(failure);
            }
        }
    }
    if count == 0 {
        return Ok(());
    }
    let parallel = PARALLEL.load(Ordering::Acquire);
    // SAFETY: the service lives as long as the process.
    let parallel_for = if parallel.is_null() { None } else { unsafe { (*parallel).parallel_for } };
    let parallel_for = match parallel_for {
        Some(parallel_for) => parallel_for,
        None => return body(context, 0..count),
    };
    let job = Job { context, body, failed: AtomicBool::new(false), failure: Mutex::new(None) };
    let argument = &job as *const Job<T> as *mut c_void;
    // SAFETY: `parallel_for` returns when all bodies have, so that the job outlives them.
    unsafe { parallel_for((*parallel).ctx, count as i64, grain.max(1) as i64, run::<T>, argument) };
    if !job.failed.load(Ordering::Relaxed) {
        return Ok(());
    }
    let kept = job.failure.into_inner().ok().flatten();
    Err(kept.unwrap_or(Failure { status: DMT_INTERNAL, message: "a loop failed".into() }))
}

/// Attributes by name. The host has checked types against the schema.
#[derive(Clone, Copy)]
pub struct Attributes<'a>(&'a [dmt_attr]);

impl<'a> Attributes<'a> {
    /// A failure where the list, or the name of one, is NULL.
    ///
    /// # Safety
    /// `attributes` is the host's, and is used during its call alone.
    pub unsafe fn new(attributes: dmt_attrs) -> Result<Attributes<'a>, Failure> {
        let items = slice(attributes.items, attributes.count);
        if items.len() as i64 != attributes.count || items.iter().any(|item| bytes(item.name).is_empty()) {
            return Err(Failure::invalid("the attributes, or the name of one, are NULL"));
        }
        Ok(Attributes(items))
    }

    fn find(&self, name: &str) -> Option<&'a dmt_attr> {
        // SAFETY: names live as long as the attributes.
        self.0.iter().find(|item| unsafe { bytes(item.name) } == name.as_bytes())
    }

    /// A number; whole numbers are numbers too.
    pub fn double(&self, name: &str, default: f64) -> f64 {
        self.find(name).map_or(default, |item| if item.r#type == DMT_ATTR_I64 { item.i64 as f64 } else { item.f64 })
    }

    /// A whole number, or a truth value as 0 or 1.
    pub fn int(&self, name: &str, default: i64) -> i64 {
        self.find(name).map_or(default, |item| item.i64)
    }

    /// A text; `default` also where it is not UTF-8.
    pub fn string(&self, name: &str, default: &'a str) -> &'a str {
        // SAFETY: as for `find`.
        self.find(name).map_or(default, |item| std::str::from_utf8(unsafe { bytes(item.str) }).unwrap_or(default))
    }
}

/// What a component accepts as one attribute, without default and bounds: `..kit::field(..)` beside those that it has.
pub const fn field(name: &'static str, kind: i32, summary: &'static str) -> dmt_attr_field {
    dmt_attr_field {
        struct_size: size::<dmt_attr_field>(),
        r#type: kind,
        flags: 0,
        reserved: 0,
        name: text(name),
        summary: text(summary),
        default_value: NO_ATTRIBUTE,
        minimum: 0.0,
        maximum: 0.0,
        choices: std::ptr::null(),
        choice_count: 0,
    }
}

/// All attributes of a component.
pub const fn schema(fields: &'static [&'static dmt_attr_field]) -> dmt_attr_schema {
    dmt_attr_schema { fields: fields.as_ptr() as *const *const dmt_attr_field, count: fields.len() as i64 }
}

/// A whole number as an attribute.
pub fn int(name: &'static str, value: i64) -> dmt_attr {
    dmt_attr { name: text(name), r#type: DMT_ATTR_I64, i64: value, ..NO_ATTRIBUTE }
}

/// A list of whole numbers as an attribute; it lives as long as `list`.
pub fn ints(name: &'static str, list: &[i64]) -> dmt_attr {
    let (data, count) = (list.as_ptr() as *const c_void, list.len() as i64);
    dmt_attr { name: text(name), r#type: DMT_ATTR_I64_LIST, list: data, list_size: count, ..NO_ATTRIBUTE }
}

/// A text as an attribute.
pub fn string(name: &'static str, value: &'static str) -> dmt_attr {
    dmt_attr { name: text(name), r#type: DMT_ATTR_STR, str: text(value), ..NO_ATTRIBUTE }
}

/// A component for the descriptor's list; `id` is the name that manifests use.
pub const fn component(kind: &'static str, revision: i32, id: &'static str, summary: &'static str) -> dmt_component {
    dmt_component {
        struct_size: size::<dmt_component>(),
        revision,
        kind: text(kind),
        id: text(id),
        summary: text(summary),
    }
}

/// What a plugin says about itself.
pub const fn descriptor(
    id: &'static str, version: &'static str, license: &'static str, summary: &'static str,
    components: &'static [&'static dmt_component],
) -> dmt_plugin_descriptor {
    dmt_plugin_descriptor {
        struct_size: size::<dmt_plugin_descriptor>(),
        magic: DMT_PLUGIN_MAGIC,
        abi_major: DMT_ABI_MAJOR,
        abi_minor: DMT_ABI_MINOR,
        min_host_minor: MIN_HOST_MINOR,
        flags: 0,
        id: text(id),
        version: text(version),
        vendor: NO_TEXT,
        license: text(license),
        summary: text(summary),
        homepage: NO_TEXT,
        compiler: text("Rust"),
        target: text(TARGET),
        component_count: components.len() as i64,
        components: components.as_ptr() as *const *const dmt_component,
    }
}

/// A plugin's table; [`initialize`] is its own.
pub const fn plugin(
    descriptor: &'static dmt_plugin_descriptor,
    get_component: unsafe extern "C" fn(kind: dmt_str, id: dmt_str, revision: i32) -> *const c_void,
) -> dmt_plugin {
    dmt_plugin {
        struct_size: size::<dmt_plugin>(),
        reserved: 0,
        descriptor,
        initialize: Some(initialize),
        get_component: Some(get_component),
        get_extension: None,
        shutdown: None,
    }
}

/// The lowest minor of a host that has all that this file uses.
pub const MIN_HOST_MINOR: u32 = if DMT_ABI_MAJOR == 0 { 9 } else { 0 };

#[cfg(target_arch = "x86_64")]
const TARGET: &str = "x86_64-linux-gnu x86-64";
#[cfg(target_arch = "aarch64")]
const TARGET: &str = "aarch64-linux-gnu";
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const TARGET: &str = "";

/// Whether the host asks for `component`: the test of a plugin's `get_component`.
///
/// # Safety
/// `kind` and `id` are the host's.
pub unsafe fn is_asked_for(component: &dmt_component, kind: dmt_str, id: dmt_str, revision: i32) -> bool {
    revision == component.revision && bytes(kind) == bytes(component.kind) && bytes(id) == bytes(component.id)
}
