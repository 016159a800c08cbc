//! The module `@COMPONENT@`: y = Linear(x * sigmoid(Linear(x))), x flattened; [B, ..] -> [B, out].
//!
//! Parameters `gate.weight` [N, N], `gate.bias` [N], `out.weight` [out, N], `out.bias` [out]. A module has no kernels and no
//! gradient: it writes operators into the host's graph, which has both.

use dmt::graph::Graph;
use dmt::kit::{self, guard, slice, text, Attributes, Failure};
use dmt::*;
use std::os::raw::c_void;

const SUMMARY: &str = "y = Linear(x * sigmoid(Linear(x))), x flattened; [B, ..] -> [B, out].";

pub static COMPONENT: dmt_component = kit::component(DMT_KIND_MODULE, 1, "@COMPONENT@", SUMMARY);

pub static TABLE: dmt_module = dmt_module {
    struct_size: kit::size::<dmt_module>(),
    revision: 1,
    ctx: std::ptr::null_mut(),
    name: text("@COMPONENT@"),
    summary: text(SUMMARY),
    min_inputs: 1,
    max_inputs: 1,
    attributes: kit::schema(&[&OUT]),
    expand: Some(expand),
};

static OUT: dmt_attr_field = dmt_attr_field {
    flags: DMT_FIELD_REQUIRED | DMT_FIELD_HAS_MINIMUM,
    minimum: 1.0,
    ..kit::field("out", DMT_ATTR_I64, "Width of the result.")
};

unsafe extern "C" fn expand(
    _: *mut c_void, graph: *const dmt_graph, attributes: *const dmt_attrs, inputs: *const dmt_value, input_count: i32,
    output: *mut dmt_value,
) -> dmt_status {
    guard(|| {
        if attributes.is_null() || output.is_null() {
            return Err(Failure::invalid("expand was called without attributes, or without a place for its result"));
        }
        let (graph, inputs) = (Graph::new(graph)?, slice(inputs, input_count as i64));
        *output = gated(&graph, Attributes::new(*attributes)?.int("out", 1), inputs)?;
        Ok(())
    })
}

fn gated(graph: &Graph, out: i64, inputs: &[dmt_value]) -> Result<dmt_value, Failure> {
    let mismatch = |message: String| Failure { status: DMT_SHAPE_MISMATCH, message: message.into() };
    if inputs.len() != 1 {
        return Err(mismatch(format!("@COMPONENT@ got {} inputs, it takes one", inputs.len())));
    }
    let shape = graph.shape(inputs[0])?;
    if shape.len() < 2 {
        return Err(mismatch(format!("@COMPONENT@ got a tensor of rank {}, expected [B, ..]", shape.len())));
    }
    let width = shape[1..].iter().try_fold(1i64, |width, &extent| width.checked_mul(extent));
    let width = width.ok_or_else(|| mismatch(format!("@COMPONENT@ got {:?}, more elements than can be counted", shape)))?;

    let mut x = inputs[0];
    if shape.len() > 2 {
        x = graph.apply("reshape", "", &[kit::ints("shape", &[-1, width])], &[x])?;
    }
    let gate = graph.apply("linear", "gate", &[kit::int("out", width), kit::string("activation", "sigmoid")], &[x])?;
    let gated = graph.apply("mul", "", &[], &[x, gate])?;
    graph.apply("linear", "out", &[kit::int("out", out)], &[gated])
}
