//! The optimizer `@COMPONENT@`: m = momentum m + (1 - momentum) g, w -= lr sign(m).
//!
//! One state, `mean`, a number for every weight, 0 at first. It serves dense parameters and tables, float32 and float64.

use dmt::kit::{self, guard, parallel, slice, text, Attributes, Failure};
use dmt::tensors::Shared;
use dmt::*;
use std::ops::Range;
use std::os::raw::c_void;

const SUMMARY: &str = "Sign descent with momentum: w -= lr sign(m).";

pub static COMPONENT: dmt_component = kit::component(DMT_KIND_OPTIMIZER, 1, "@COMPONENT@", SUMMARY);

pub static TABLE: dmt_optimizer = dmt_optimizer {
    struct_size: kit::size::<dmt_optimizer>(),
    revision: 1,
    ctx: std::ptr::null_mut(),
    name: text("@COMPONENT@"),
    summary: text(SUMMARY),
    attributes: kit::schema(&[&MOMENTUM]),
    learning_rate: 0.001,
    describe: Some(describe),
    bind: Some(bind),
    update_elements: Some(update_elements),
    sum_rows: None,
    update_rows: Some(update_rows),
    release: Some(release),
};

static MOMENTUM: dmt_attr_field = dmt_attr_field {
    flags: DMT_FIELD_HAS_DEFAULT | DMT_FIELD_HAS_MINIMUM | DMT_FIELD_HAS_MAXIMUM,
    default_value: dmt_attr { r#type: DMT_ATTR_F64, f64: 0.9, ..kit::NO_ATTRIBUTE },
    minimum: 0.0,
    maximum: 1.0,
    ..kit::field("momentum", DMT_ATTR_F64, "Share of the mean that is kept.")
};

struct Plan {
    momentum: f64,
    is_double: bool,
}

unsafe extern "C" fn describe(_: *mut c_void, _: *const dmt_attrs, layout: *mut dmt_optimizer_layout) -> dmt_status {
    guard(|| {
        let layout = kit::given_mut(layout)?;
        layout.state_count = 1;
        layout.states[0] =
            dmt_optimizer_state { name: text("mean"), initial_value: 0.0, layout: DMT_STATE_PER_ELEMENT, reserved: 0 };
        Ok(())
    })
}

unsafe extern "C" fn bind(
    _: *mut c_void, request: *const dmt_optimizer_request, answer: *mut dmt_optimizer_plan,
) -> dmt_status {
    guard(|| {
        let (request, answer) = (kit::given(request)?, kit::given_mut(answer)?);
        let dtype = request.dtype;
        if dtype.code != DMT_DTYPE_FLOAT || ![32, 64].contains(&dtype.bits) || dtype.lanes != 1 {
            return Err(Failure::unserved("@COMPONENT@ computes float32 and float64"));
        }
        let momentum = Attributes::new(request.attributes)?.double("momentum", 0.9);
        answer.handle = Box::into_raw(Box::new(Plan { momentum, is_double: dtype.bits == 64 })) as *mut c_void;
        Ok(())
    })
}

unsafe extern "C" fn release(handle: *mut c_void) {
    if !handle.is_null() {
        drop(Box::from_raw(handle as *mut Plan));
    }
}

/// A number that weights, gradients and states are made of.
trait Number: Copy + Send + Sync {
    fn double(self) -> f64;
    fn of(double: f64) -> Self;
}

impl Number for f32 {
    fn double(self) -> f64 {
        self as f64
    }
    fn of(double: f64) -> f32 {
        double as f32
    }
}

impl Number for f64 {
    fn double(self) -> f64 {
        self
    }
    fn of(double: f64) -> f64 {
        double
    }
}

/// What all elements of a call have in common.
#[derive(Clone, Copy)]
struct Rule {
    momentum: f64,
    rate: f64,
    scale: f64,
}

impl Rule {
    fn update<N: Number>(&self, weights: &mut [N], gradients: &[N], means: &mut [N]) {
        for ((w, g), m) in weights.iter_mut().zip(gradients).zip(means) {
            let mean = self.momentum * m.double() + (1.0 - self.momentum) * (g.double() * self.scale);
            let sign = (mean > 0.0) as i8 as f64 - (mean < 0.0) as i8 as f64;
            *w = N::of(w.double() - self.rate * sign);
            *m = N::of(mean);
        }
    }
}

/// Elements that are worth a thread.
const GRAIN: usize = 16384;

unsafe extern "C" fn update_elements(handle: *mut c_void, call: *const dmt_optimizer_elements) -> dmt_status {
    guard(|| {
        let (plan, call) = (kit::bound::<Plan>(handle)?, kit::given(call)?);
        if plan.is_double {
            elements::<f64>(plan, call)
        } else {
            elements::<f32>(plan, call)
        }
    })
}

/// The memory of the one state.
unsafe fn state<N>(states: *const *mut c_void) -> Result<*mut N, Failure> {
    match slice(states, 1).first() {
        Some(state) if !state.is_null() => Ok(*state as *mut N),
        _ => Err(Failure::invalid("the state is NULL")),
    }
}

struct Elements<'a, N> {
    rule: Rule,
    weights: Shared<N>,
    gradients: &'a [N],
    means: Shared<N>,
}

unsafe fn elements<N: Number>(plan: &Plan, call: &dmt_optimizer_elements) -> Result<(), Failure> {
    let work = Elements {
        rule: Rule { momentum: plan.momentum, rate: call.learning_rate, scale: call.gradient_scale },
        weights: Shared(call.parameters as *mut N),
        gradients: slice(call.gradients as *const N, call.count),
        means: Shared(state(call.states)?),
    };
    if work.weights.0.is_null() {
        return Err(Failure::invalid("the parameters are NULL"));
    }
    parallel(work.gradients.len(), GRAIN, &work, update_piece)
}

fn update_piece<N: Number>(work: &Elements<N>, range: Range<usize>) -> Result<(), Failure> {
    // SAFETY: weights and means are as many as gradients, and no two pieces overlap.
    let (weights, means) = unsafe { (work.weights.range(range.clone()), work.means.range(range.clone())) };
    work.rule.update(weights, &work.gradients[range], means);
    Ok(())
}

unsafe extern "C" fn update_rows(handle: *mut c_void, call: *const dmt_optimizer_rows) -> dmt_status {
    guard(|| {
        let (plan, call) = (kit::bound::<Plan>(handle)?, kit::given(call)?);
        if plan.is_double {
            rows::<f64>(plan, call)
        } else {
            rows::<f32>(plan, call)
        }
    })
}

unsafe fn rows<N: Number>(plan: &Plan, call: &dmt_optimizer_rows) -> Result<(), Failure> {
    let rule = Rule { momentum: plan.momentum, rate: call.learning_rate, scale: call.gradient_scale };
    let columns = call.columns as usize;
    let gradients = slice(call.gradients as *const N, call.row_count * call.columns);
    let (weights, means) = (Shared(call.parameters as *mut N), Shared(state(call.states)?));
    if weights.0.is_null() || (gradients.len() as i64) < call.row_count * call.columns {
        return Err(Failure::invalid("the parameters or the gradients are NULL"));
    }
    for (place, &row) in slice(call.rows, call.row_count).iter().enumerate() {
        let at = row as usize * columns..(row as usize + 1) * columns;
        let gradient = &gradients[place * columns..(place + 1) * columns];
        rule.update(weights.range(at.clone()), gradient, means.range(at));
    }
    Ok(())
}
