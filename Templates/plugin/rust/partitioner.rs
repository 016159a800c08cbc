//! The partitioner `@COMPONENT@`: features by falling lookup cost, each to the tower that carries least so far.
//!
//! Towers have floor(F / T) or ceil(F / T) features. Where the towers' capacity is in bytes, bytes take the cost's place.

use dmt::kit::{self, bytes, guard, slice, text, Failure, NO_TEXT};
use dmt::*;
use std::cell::Cell;
use std::os::raw::c_void;

const SUMMARY: &str = "Features by falling lookup cost, each to the tower that carries least.";
const EXPLANATION: &str = "Features by falling lookup cost, each to the tower that carries least; `heaviest` is the largest load \
                           over the mean.";

pub static COMPONENT: dmt_component = kit::component(DMT_KIND_PARTITIONER, 1, "@COMPONENT@", SUMMARY);

pub static TABLE: dmt_partitioner = dmt_partitioner {
    struct_size: kit::size::<dmt_partitioner>(),
    revision: 1,
    ctx: std::ptr::null_mut(),
    strategies: STRATEGIES.as_ptr(),
    strategy_count: STRATEGIES.len() as i64,
    partition: Some(partition),
};

static STRATEGIES: [dmt_partition_strategy; 1] = [dmt_partition_strategy {
    name: text("@NAME@"),
    summary: text("The heaviest feature first, to the tower that carries least."),
    flags: 0,
    reserved: 0,
}];

thread_local! {
    // What an answer points to lives until the next call on its thread.
    static FIGURE: Cell<dmt_partition_figure> = Cell::new(dmt_partition_figure { name: NO_TEXT, value: 0.0 });
}

unsafe extern "C" fn partition(
    _: *mut c_void, request: *const dmt_partition_request, result: *mut dmt_partition_result,
) -> dmt_status {
    guard(|| {
        let (request, result) = (kit::given(request)?, kit::given_mut(result)?);
        if bytes(request.strategy) != b"@NAME@" {
            let message = format!("there is no strategy '{}'", String::from_utf8_lossy(bytes(request.strategy)));
            return Err(Failure { status: DMT_NOT_FOUND, message: message.into() });
        }
        let features = slice(request.features, request.feature_count);
        if request.tower_count < 1 || request.tower_count > features.len() as i64 {
            let message = format!("{} towers of {} features, expected 1 to one a feature", request.tower_count, features.len());
            return Err(Failure::invalid(message));
        }
        let by_bytes = request.capacity_kind == DMT_CAPACITY_BYTES;
        let loads: Vec<f64> = features.iter().map(|f| if by_bytes { f.bytes as f64 } else { f.lookup_cost }).collect();
        if let Some(index) = loads.iter().position(|load| !load.is_finite() || *load < 0.0) {
            return Err(Failure::invalid(format!("feature {} has a load of {}", index, loads[index])));
        }
        let (assignment, carried) = deal(&loads, request.tower_count as usize);
        if request.capacity_kind != DMT_CAPACITY_NONE {
            if let Some(tower) = carried.iter().position(|load| *load > request.capacity * (1.0 + 1e-9)) {
                let message = format!("tower {} would carry {}, it carries at most {}", tower, carried[tower], request.capacity);
                return Err(Failure::invalid(message));
            }
        }
        if result.assignment.is_null() {
            return Err(Failure::invalid("there is no place for the assignment"));
        }
        std::slice::from_raw_parts_mut(result.assignment, features.len()).copy_from_slice(&assignment);
        let (total, heaviest) = (loads.iter().sum::<f64>(), carried.iter().cloned().fold(0.0, f64::max));
        let value = if total > 0.0 { heaviest * carried.len() as f64 / total } else { 1.0 };
        result.has_coordinates = 0;
        result.figures = FIGURE.with(|figure| {
            figure.set(dmt_partition_figure { name: text("heaviest"), value });
            figure.as_ptr() as *const _
        });
        result.figure_count = 1;
        result.explanation = text(EXPLANATION);
        Ok(())
    })
}

/// The tower of each feature, and what each tower carries.
fn deal(loads: &[f64], towers: usize) -> (Vec<i32>, Vec<f64>) {
    // Heaviest first; the sort is stable, so that the same request gives the same answer.
    let mut order: Vec<usize> = (0..loads.len()).collect();
    order.sort_by(|&a, &b| loads[b].total_cmp(&loads[a]));
    let smallest = loads.len() / towers;
    // So many towers hold one more.
    let mut larger = loads.len() % towers;
    let (mut sizes, mut carried) = (vec![0; towers], vec![0.0; towers]);
    let mut assignment = vec![0; loads.len()];
    for feature in order {
        let has_room = |tower: &usize| sizes[*tower] < smallest || sizes[*tower] == smallest && larger > 0;
        let lighter = |a: &usize, b: &usize| f64::total_cmp(&carried[*a], &carried[*b]);
        let best = (0..towers).filter(has_room).min_by(lighter).unwrap_or(0);
        if sizes[best] == smallest {
            larger -= 1;
        }
        sizes[best] += 1;
        carried[best] += loads[feature];
        assignment[feature] = best as i32;
    }
    (assignment, carried)
}
