//! The backend `@COMPONENT@`: float32 kernels for `linear` without an activation.
//!
//!     y = x W^T + b      x [R, in], W [out, in], b [out], y [R, out]
//!     dx = dy W      dW = dy^T x      db = the sum of dy's rows
//!
//! R is the product of all extents of x but the last. Every number is computed by one thread in one order, so results are the same
//! at any number of threads.

use dmt::kit::{self, bytes, guard, parallel, text, Attributes, Failure};
use dmt::tensors::{self, Shared};
use dmt::*;
use std::ops::Range;
use std::os::raw::c_void;

pub static COMPONENT: dmt_component =
    kit::component(DMT_KIND_BACKEND, 1, "@COMPONENT@", "Kernels for linear without an activation: y = x W^T + b.");

pub static TABLE: dmt_backend = dmt_backend {
    struct_size: kit::size::<dmt_backend>(),
    revision: 1,
    ctx: std::ptr::null_mut(),
    probe: Some(probe),
    set_threads: None,
    kernels: &KERNELS,
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

unsafe extern "C" fn probe(_: *mut c_void, _: *const dmt_cpu, probe: *mut dmt_probe) -> dmt_status {
    guard(|| {
        let probe = kit::given_mut(probe)?;
        probe.score = 60;
        probe.reason = text("plain Rust, for any CPU");
        Ok(())
    })
}

#[derive(Clone, Copy)]
struct Plan {
    rows: usize,
    inputs: usize,
    outputs: usize,
    has_bias: bool,
}

impl Plan {
    /// The plan, or why the request is not served.
    unsafe fn new(request: *const dmt_kernel_request) -> Result<Plan, &'static str> {
        let request = kit::given(request).map_err(|_| "the request is NULL, or of an older contract")?;
        if bytes(request.op) != b"linear" || request.op_revision != 1 {
            return Err("it serves linear alone");
        }
        if request.input_count != 1 || request.output_count != 1 || !(1..=2).contains(&request.parameter_count) {
            return Err("linear has one input, one output, a weight and perhaps a bias");
        }
        let attributes = Attributes::new(request.attributes).map_err(|_| "the attributes, or the name of one, are NULL")?;
        if attributes.string("activation", "none") != "none" {
            return Err("it has no activation");
        }
        let x = tensors::shape(request.inputs, 1, 0).map_err(|_| "it computes compact float32")?;
        let weight = tensors::shape(request.parameters, request.parameter_count, 0).map_err(|_| "it computes compact float32")?;
        let y = tensors::shape(request.outputs, 1, 0).map_err(|_| "it computes compact float32")?;
        if x.is_empty() || weight.len() != 2 || x[x.len() - 1] != weight[1] {
            return Err("x and the weight do not fit");
        }
        if y.len() != x.len() || y[..y.len() - 1] != x[..x.len() - 1] || y[y.len() - 1] != weight[0] {
            return Err("y does not fit x and the weight");
        }
        let has_bias = request.parameter_count == 2;
        if has_bias {
            let bias = tensors::shape(request.parameters, 2, 1).map_err(|_| "it computes compact float32")?;
            if bias != &weight[..1] {
                return Err("the bias does not fit the weight");
            }
        }
        let rows = tensors::elements(&x[..x.len() - 1]).map_err(|_| "x has too many rows")?;
        Ok(Plan { rows, inputs: weight[1] as usize, outputs: weight[0] as usize, has_bias })
    }

    /// Rows that are worth a thread.
    fn grain(&self) -> usize {
        65536 / (self.inputs * self.outputs + 1) + 1
    }
}

unsafe extern "C" fn supports(
    _: *mut c_void, request: *const dmt_kernel_request, support: *mut dmt_support,
) -> dmt_status {
    guard(|| {
        let support = kit::given_mut(support)?;
        let (score, reason) = match Plan::new(request) {
            Ok(_) => (60, "plain loops in Rust on the host's threads"),
            Err(why) => (0, why),
        };
        support.score = score;
        support.reason = text(reason);
        Ok(())
    })
}

unsafe extern "C" fn bind(_: *mut c_void, request: *const dmt_kernel_request, answer: *mut dmt_kernel_plan) -> dmt_status {
    guard(|| {
        let answer = kit::given_mut(answer)?;
        let plan = Plan::new(request).map_err(|why| Failure::unserved(format!("@COMPONENT@: {}", why)))?;
        answer.handle = Box::into_raw(Box::new(plan)) as *mut c_void;
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

/// One call, as the pieces of its loops see it.
struct Work<'a> {
    plan: Plan,
    x: &'a [f32],
    weight: &'a [f32],
    bias: &'a [f32],
    y_gradient: &'a [f32],
    result: Shared<f32>,
    adds: bool,
}

unsafe extern "C" fn forward(handle: *mut c_void, call: *const dmt_kernel_call) -> dmt_status {
    guard(|| {
        let (plan, call) = (*kit::bound::<Plan>(handle)?, kit::given(call)?);
        let result = match tensors::write(call.outputs, 0) {
            Some(y) => y,
            None if plan.rows * plan.outputs == 0 => return Ok(()),
            None => return Err(Failure::invalid("forward was called without memory for y")),
        };
        let work = Work {
            plan,
            x: tensors::read(call.inputs, 0, plan.rows * plan.inputs)?,
            weight: tensors::read(call.parameters, 0, plan.outputs * plan.inputs)?,
            bias: if plan.has_bias { tensors::read(call.parameters, 1, plan.outputs)? } else { &[] },
            y_gradient: &[],
            result,
            adds: false,
        };
        parallel(plan.rows, plan.grain(), &work, forward_rows)
    })
}

fn forward_rows(work: &Work, rows: Range<usize>) -> Result<(), Failure> {
    let Plan { inputs, outputs, .. } = work.plan;
    for row in rows {
        // SAFETY: no two pieces have a row of y in common.
        let y = unsafe { work.result.range(row * outputs..(row + 1) * outputs) };
        let x = &work.x[row * inputs..(row + 1) * inputs];
        for (o, y) in y.iter_mut().enumerate() {
            let weight = &work.weight[o * inputs..(o + 1) * inputs];
            let products = x.iter().zip(weight).map(|(x, w)| x * w);
            *y = products.fold(work.bias.get(o).copied().unwrap_or(0.0), |sum, product| sum + product);
        }
    }
    Ok(())
}

unsafe extern "C" fn backward(handle: *mut c_void, call: *const dmt_kernel_call) -> dmt_status {
    guard(|| {
        let (plan, call) = (*kit::bound::<Plan>(handle)?, kit::given(call)?);
        let y_gradient = tensors::read(call.grad_outputs, 0, plan.rows * plan.outputs)?;
        if let Some(result) = tensors::write(call.grad_inputs, 0) {
            let weight = tensors::read(call.parameters, 0, plan.outputs * plan.inputs)?;
            let adds = call.accumulate_inputs & 1 != 0;
            let work = Work { plan, x: &[], weight, bias: &[], y_gradient, result, adds };
            parallel(plan.rows, plan.grain(), &work, input_gradient)?;
        }
        if let Some(result) = tensors::write(call.grad_parameters, 0) {
            let x = tensors::read(call.inputs, 0, plan.rows * plan.inputs)?;
            let adds = call.accumulate_parameters & 1 != 0;
            let work = Work { plan, x, weight: &[], bias: &[], y_gradient, result, adds };
            parallel(plan.outputs, 1, &work, weight_gradient)?;
        }
        if plan.has_bias {
            if let Some(result) = tensors::write(call.grad_parameters, 1) {
                let gradient = result.range(0..plan.outputs);
                if call.accumulate_parameters & 2 == 0 {
                    gradient.fill(0.0);
                }
                for row in y_gradient.chunks_exact(plan.outputs.max(1)) {
                    gradient.iter_mut().zip(row).for_each(|(sum, g)| *sum += g);
                }
            }
        }
        Ok(())
    })
}

fn input_gradient(work: &Work, rows: Range<usize>) -> Result<(), Failure> {
    let Plan { inputs, outputs, .. } = work.plan;
    for row in rows {
        // SAFETY: no two pieces have a row in common.
        let gradient = unsafe { work.result.range(row * inputs..(row + 1) * inputs) };
        if !work.adds {
            gradient.fill(0.0);
        }
        for (o, &factor) in work.y_gradient[row * outputs..(row + 1) * outputs].iter().enumerate() {
            let weight = &work.weight[o * inputs..(o + 1) * inputs];
            gradient.iter_mut().zip(weight).for_each(|(sum, w)| *sum += factor * w);
        }
    }
    Ok(())
}

fn weight_gradient(work: &Work, weight_rows: Range<usize>) -> Result<(), Failure> {
    let Plan { rows, inputs, outputs, .. } = work.plan;
    for output in weight_rows {
        // SAFETY: no two pieces have a row of the weight in common.
        let gradient = unsafe { work.result.range(output * inputs..(output + 1) * inputs) };
        if !work.adds {
            gradient.fill(0.0);
        }
        for row in 0..rows {
            let factor = work.y_gradient[row * outputs + output];
            let x = &work.x[row * inputs..(row + 1) * inputs];
            gradient.iter_mut().zip(x).for_each(|(sum, x)| *sum += factor * x);
        }
    }
    Ok(())
}
