//! The operator `@COMPONENT@`: y = x / (1 + exp(-beta x)), element by element.
//!
//! Its derivative is s + beta x s (1 - s) with s = 1 / (1 + exp(-beta x)).

use dmt::kit::{self, bytes, guard, parallel, text, Attributes, Failure};
use dmt::tensors::{self, Shared};
use dmt::*;
use std::ops::Range;
use std::os::raw::c_void;

const SUMMARY: &str = "y = x / (1 + exp(-beta x)), element by element.";

pub static COMPONENT: dmt_component = kit::component(DMT_KIND_OPERATOR, 1, "@COMPONENT@", SUMMARY);

pub static TABLE: dmt_operator = dmt_operator {
    struct_size: kit::size::<dmt_operator>(),
    revision: 1,
    ctx: std::ptr::null_mut(),
    name: text("@COMPONENT@"),
    summary: text(SUMMARY),
    min_inputs: 1,
    max_inputs: 1,
    input_names: INPUT_NAMES.as_ptr(),
    attributes: kit::schema(&[&BETA]),
    infer: Some(infer),
    kernels: &KERNELS,
};

static INPUT_NAMES: [dmt_str; 1] = [text("x")];

static BETA: dmt_attr_field = dmt_attr_field {
    flags: DMT_FIELD_HAS_DEFAULT,
    default_value: dmt_attr { r#type: DMT_ATTR_F64, f64: 1.0, ..kit::NO_ATTRIBUTE },
    ..kit::field("beta", DMT_ATTR_F64, "Steepness: 0 is x / 2, a large one is relu.")
};

static KERNELS: dmt_kernels = dmt_kernels {
    struct_size: kit::size::<dmt_kernels>(),
    reserved: 0,
    ctx: std::ptr::null_mut(),
    supports: Some(supports),
    bind: Some(bind),
    forward: Some(forward),
    backward: Some(backward),
    release: Some(release),
};

/// Elements that are worth a thread.
const GRAIN: usize = 16384;

/// What a node is bound to: the number of its elements, and its attribute.
struct Plan {
    count: usize,
    beta: f32,
}

unsafe extern "C" fn infer(
    _: *mut c_void, inputs: *const dmt_shape, input_count: i32, _: *const dmt_attrs, signature: *mut dmt_signature,
) -> dmt_status {
    guard(|| {
        let signature = kit::given_mut(signature)?;
        if input_count != 1 || inputs.is_null() {
            let message = format!("@COMPONENT@ got {} inputs, it takes one", input_count);
            return Err(Failure { status: DMT_SHAPE_MISMATCH, message: message.into() });
        }
        signature.output_count = 1;
        signature.outputs[0] = *inputs;
        signature.parameter_count = 0;
        signature.backward_reads_inputs = 1;
        Ok(())
    })
}

impl Plan {
    /// # Safety
    /// `request` is NULL or the host's.
    unsafe fn new(request: *const dmt_kernel_request) -> Result<Plan, Failure> {
        let request = kit::given(request)?;
        if bytes(request.op) != b"@COMPONENT@" {
            return Err(Failure::unserved("these kernels compute @COMPONENT@ alone"));
        }
        if request.input_count != 1 || request.output_count != 1 || request.parameter_count != 0 {
            return Err(Failure::invalid("@COMPONENT@ has one input, one output and no parameter"));
        }
        let x = tensors::shape(request.inputs, 1, 0)?;
        if tensors::shape(request.outputs, 1, 0)? != x {
            return Err(Failure::invalid("@COMPONENT@: x and y have different shapes"));
        }
        let beta = Attributes::new(request.attributes)?.double("beta", 1.0) as f32;
        Ok(Plan { count: tensors::elements(x)?, beta })
    }
}

unsafe extern "C" fn supports(
    _: *mut c_void, request: *const dmt_kernel_request, support: *mut dmt_support,
) -> dmt_status {
    guard(|| {
        let support = kit::given_mut(support)?;
        Plan::new(request)?;
        support.score = 60;
        support.reason = text("a loop in Rust on the host's threads");
        Ok(())
    })
}

unsafe extern "C" fn bind(_: *mut c_void, request: *const dmt_kernel_request, answer: *mut dmt_kernel_plan) -> dmt_status {
    guard(|| {
        let answer = kit::given_mut(answer)?;
        answer.handle = Box::into_raw(Box::new(Plan::new(request)?)) as *mut c_void;
        answer.saved_bytes = 0;
        answer.scratch_bytes = 0;
        Ok(())
    })
}

unsafe extern "C" fn release(handle: *mut c_void) {
    if !handle.is_null() {
        drop(Box::from_raw(handle as *mut Plan));
    }
}

/// One call of forward, as the pieces of its loop see it.
struct Forward<'a> {
    beta: f32,
    x: &'a [f32],
    y: Shared<f32>,
}

unsafe extern "C" fn forward(handle: *mut c_void, call: *const dmt_kernel_call) -> dmt_status {
    guard(|| {
        let (plan, call) = (kit::bound::<Plan>(handle)?, kit::given(call)?);
        let y = match tensors::write(call.outputs, 0) {
            Some(y) => y,
            None if plan.count == 0 => return Ok(()),
            None => return Err(Failure::invalid("forward was called without memory for y")),
        };
        let work = Forward { beta: plan.beta, x: tensors::read(call.inputs, 0, plan.count)?, y };
        parallel(plan.count, GRAIN, &work, forward_piece)
    })
}

fn forward_piece(work: &Forward, range: Range<usize>) -> Result<(), Failure> {
    // SAFETY: y is as long as x, and no two pieces overlap.
    let y = unsafe { work.y.range(range.clone()) };
    for (y, &x) in y.iter_mut().zip(&work.x[range]) {
        *y = x / (1.0 + (-work.beta * x).exp());
    }
    Ok(())
}

/// One call of backward.
struct Backward<'a> {
    beta: f32,
    x: &'a [f32],
    y_gradient: &'a [f32],
    x_gradient: Shared<f32>,
    adds: bool,
}

unsafe extern "C" fn backward(handle: *mut c_void, call: *const dmt_kernel_call) -> dmt_status {
    guard(|| {
        let (plan, call) = (kit::bound::<Plan>(handle)?, kit::given(call)?);
        let x_gradient = match tensors::write(call.grad_inputs, 0) {
            Some(gradient) => gradient,
            None => return Ok(()), // not wanted
        };
        let work = Backward {
            beta: plan.beta,
            x: tensors::read(call.inputs, 0, plan.count)?,
            y_gradient: tensors::read(call.grad_outputs, 0, plan.count)?,
            x_gradient,
            adds: call.accumulate_inputs & 1 != 0,
        };
        parallel(plan.count, GRAIN, &work, backward_piece)
    })
}

fn backward_piece(work: &Backward, range: Range<usize>) -> Result<(), Failure> {
    // SAFETY: the gradient is as long as x, and no two pieces overlap.
    let gradients = unsafe { work.x_gradient.range(range.clone()) };
    for ((result, &x), &g) in gradients.iter_mut().zip(&work.x[range.clone()]).zip(&work.y_gradient[range]) {
        let s = 1.0 / (1.0 + (-work.beta * x).exp());
        let gradient = g * (s + work.beta * x * s * (1.0 - s));
        *result = if work.adds { *result + gradient } else { gradient };
    }
    Ok(())
}
