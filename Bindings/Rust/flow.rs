//! The host's builder of placements and dataflows, which a sharding strategy fills.

use crate::contract::*;
use crate::kit::{check, size, Failure};

/// The builder; valid during one `plan`.
pub struct Flow<'a>(&'a dmt_sharding_builder);

impl<'a> Flow<'a> {
    /// # Safety
    /// `builder` is what the host passed to `plan`.
    pub unsafe fn new(builder: *const dmt_sharding_builder) -> Result<Flow<'a>, Failure> {
        match builder.as_ref() {
            Some(builder) => Ok(Flow(builder)),
            None => Err(Failure::invalid("plan was called without a builder")),
        }
    }

    /// Adds a part of a table on a rank.
    pub fn shard(&self, shard: dmt_shard) -> Result<(), Failure> {
        let function = self.0.add_shard.ok_or_else(missing)?;
        // SAFETY: the host's function, with the host's context.
        check(unsafe { function(self.0.ctx, &shard) })
    }

    /// Adds a step that reads earlier steps and names features; returns how later steps name it.
    pub fn step(&self, step: dmt_dataflow_step, inputs: &[i32], features: &[i32]) -> Result<i32, Failure> {
        let step = dmt_dataflow_step {
            inputs: inputs.as_ptr(),
            input_count: inputs.len() as i64,
            features: features.as_ptr(),
            feature_count: features.len() as i64,
            ..step
        };
        let mut index = 0;
        let function = self.0.add_step.ok_or_else(missing)?;
        // SAFETY: as for `shard`; the lists live during the call.
        check(unsafe { function(self.0.ctx, &step, &mut index) })?;
        Ok(index)
    }
}

/// A step of a kind, in the world, in the order of ranks, as wide as it comes: `..flow::step(..)` beside what differs.
pub const fn step(kind: i32) -> dmt_dataflow_step {
    dmt_dataflow_step {
        struct_size: size::<dmt_dataflow_step>(),
        kind,
        group: DMT_GROUP_WORLD,
        order: DMT_ORDER_RANKS,
        forward_wire: DMT_WIRE_NATIVE,
        backward_wire: DMT_WIRE_NATIVE,
        inputs: std::ptr::null(),
        input_count: 0,
        features: std::ptr::null(),
        feature_count: 0,
    }
}

fn missing() -> Failure {
    Failure::unserved("the host's builder lacks a function")
}
