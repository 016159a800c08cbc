//! The sharding strategy `@COMPONENT@`: table t lies whole on rank t modulo the number of ranks.
//!
//! exchange(world) lookup all_to_all(world) join. A table that the manifest wants on every rank is looked up there; other ways
//! to cut a table are refused. Tower modules run on each rank's own samples.

use dmt::flow::{self, Flow};
use dmt::kit::{self, bytes, guard, slice, text, Failure};
use dmt::*;
use std::os::raw::c_void;

const SUMMARY: &str = "Table t lies on rank t modulo the number of ranks.";

pub static COMPONENT: dmt_component = kit::component(DMT_KIND_SHARDING, 1, "@COMPONENT@", SUMMARY);

pub static TABLE: dmt_sharding = dmt_sharding {
    struct_size: kit::size::<dmt_sharding>(),
    revision: 1,
    ctx: std::ptr::null_mut(),
    name: text("@COMPONENT@"),
    summary: text(SUMMARY),
    plan: Some(plan),
};

unsafe extern "C" fn plan(
    _: *mut c_void, request: *const dmt_sharding_request, builder: *const dmt_sharding_builder,
) -> dmt_status {
    guard(|| {
        let (request, flow) = (kit::given(request)?, Flow::new(builder)?);
        let tables = slice(request.tables, request.table_count as i64);
        let features = slice(request.features, request.feature_count as i64);
        let ranks = request.hosts * request.ranks_per_host;
        for (index, table) in tables.iter().enumerate() {
            flow.shard(shard(index as i32, table, ranks)?)?;
        }
        add_steps(request, tables, features, &flow)
    })
}

fn is_replicated(table: &dmt_sharding_table) -> bool {
    table.sharding == DMT_SHARD_DATA_PARALLEL
}

/// Where a table lies: whole, on one rank or on all.
fn shard(index: i32, table: &dmt_sharding_table, ranks: i32) -> Result<dmt_shard, Failure> {
    if ![DMT_SHARD_AUTOMATIC, DMT_SHARD_TABLE_WISE, DMT_SHARD_DATA_PARALLEL].contains(&table.sharding) {
        // SAFETY: the name is the request's.
        let name = String::from_utf8_lossy(unsafe { bytes(table.name) });
        return Err(Failure::unserved(format!("@COMPONENT@ keeps tables whole, '{}' is to be cut", name)));
    }
    let rank = if is_replicated(table) { -1 } else { index % ranks.max(1) };
    Ok(dmt_shard { table: index, rank, row_begin: 0, row_end: table.rows, column_begin: 0, column_end: table.dim })
}

fn add_steps(
    request: &dmt_sharding_request, tables: &[dmt_sharding_table], features: &[dmt_sharding_feature], flow: &Flow,
) -> Result<(), Failure> {
    let mut here = vec![];
    let mut away = vec![];
    for (index, feature) in features.iter().enumerate() {
        match tables.get(feature.table as usize) {
            Some(table) if is_replicated(table) => here.push(index as i32),
            Some(_) => away.push(index as i32),
            None => return Err(Failure::invalid(format!("feature {} is of table {}", index, feature.table))),
        }
    }
    let mut ends = vec![];
    if !away.is_empty() {
        let exchange = flow.step(flow::step(DMT_STEP_EXCHANGE), &[], &away)?;
        let mut edge = flow.step(flow::step(DMT_STEP_LOOKUP), &[exchange], &away)?;
        let (forward_wire, backward_wire) = (request.forward_wire, request.backward_wire);
        if forward_wire != DMT_WIRE_NATIVE || backward_wire != DMT_WIRE_NATIVE {
            edge = flow.step(dmt_dataflow_step { forward_wire, backward_wire, ..flow::step(DMT_STEP_CAST) }, &[edge], &[])?;
        }
        ends.push(flow.step(flow::step(DMT_STEP_ALL_TO_ALL), &[edge], &[])?);
    }
    if !here.is_empty() {
        ends.push(flow.step(flow::step(DMT_STEP_LOOKUP), &[], &here)?);
    }
    if !ends.is_empty() {
        flow.step(flow::step(DMT_STEP_JOIN), &ends, &[])?;
    }
    Ok(())
}
