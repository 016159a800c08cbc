//! The host's graph, into which a module expands.

use crate::contract::*;
use crate::kit::{check, text, Failure};

/// The graph that is being built; valid during one `expand`.
pub struct Graph<'a>(&'a dmt_graph);

impl<'a> Graph<'a> {
    /// # Safety
    /// `graph` is what the host passed to `expand`.
    pub unsafe fn new(graph: *const dmt_graph) -> Result<Graph<'a>, Failure> {
        match graph.as_ref() {
            Some(graph) => Ok(Graph(graph)),
            None => Err(Failure::invalid("expand was called without a graph")),
        }
    }

    /// The extents of a value; the first is -1, the batch.
    pub fn shape(&self, value: dmt_value) -> Result<Vec<i64>, Failure> {
        let mut shape = dmt_shape { rank: 0, reserved: 0, dims: [0; DMT_MAX_RANK] };
        let function = self.0.shape.ok_or_else(missing)?;
        // SAFETY: the host's function, with the host's context.
        check(unsafe { function(self.0.ctx, value, &mut shape) })?;
        Ok(shape.dims[..(shape.rank.max(0) as usize).min(DMT_MAX_RANK)].to_vec())
    }

    /// Adds an operator with one output; `name` goes in front of its parameters' names.
    pub fn apply(
        &self, op: &'static str, name: &'static str, attributes: &[dmt_attr], inputs: &[dmt_value],
    ) -> Result<dmt_value, Failure> {
        let attributes = dmt_attrs { items: attributes.as_ptr(), count: attributes.len() as i64 };
        let (mut output, mut count) = (0, 0);
        let function = self.0.operation.ok_or_else(missing)?;
        // SAFETY: the host's function, with the host's context; all else lives during the call.
        check(unsafe {
            function(
                self.0.ctx, text(op), text(name), &attributes, inputs.as_ptr(), inputs.len() as i32, &mut output, 1, &mut count,
            )
        })?;
        Ok(output)
    }

    /// Expands another module in the scope `name`.
    pub fn module(
        &self, module: &'static str, name: &'static str, attributes: &[dmt_attr], inputs: &[dmt_value],
    ) -> Result<dmt_value, Failure> {
        let attributes = dmt_attrs { items: attributes.as_ptr(), count: attributes.len() as i64 };
        let mut output = 0;
        let function = self.0.module.ok_or_else(missing)?;
        // SAFETY: as for `apply`.
        check(unsafe {
            function(self.0.ctx, text(module), text(name), &attributes, inputs.as_ptr(), inputs.len() as i32, &mut output)
        })?;
        Ok(output)
    }
}

fn missing() -> Failure {
    Failure::unserved("the host's graph lacks a function")
}
