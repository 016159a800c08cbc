//! Pools every bag of every feature: one loop over all of them.

use crate::plan::{places, Plan, Shared};
use dmt::kit::{parallel, Failure};
use dmt::*;
use std::ops::Range;

/// Samples of one feature that a thread pools in one go.
const SAMPLES: usize = 64;

/// # Safety
/// The pointers of `call` that are not NULL lead to as much as the contract says.
pub unsafe fn forward(plan: &Plan, call: &dmt_embedding_call) -> Result<(), Failure> {
    let batch = plan.batch(call)?;
    if batch == 0 || plan.features.is_empty() {
        return Ok(());
    }
    let bags = plan.bags(call)?;
    plan.check_outputs(call)?;
    for (index, bags) in bags.iter().enumerate() {
        let table = plan.features[index].table as usize;
        if bags.value_count > 0 && (call.tables.is_null() || (*call.tables.add(table)).is_null()) {
            return Err(Failure::invalid(format!("table {} is NULL", table)));
        }
    }
    let groups = (batch + SAMPLES - 1) / SAMPLES;
    let shared = Shared { plan, call, bags };
    parallel(plan.features.len() * groups, 1, &shared, pool_groups)
}

fn pool_groups(shared: &Shared, items: Range<usize>) -> Result<(), Failure> {
    let batch = shared.call.batch as usize;
    let groups = (batch + SAMPLES - 1) / SAMPLES;
    for item in items {
        let first = item % groups * SAMPLES;
        // SAFETY: bags and outputs have been checked; no two items write the same bag.
        unsafe { pool(shared, item / groups, first..batch.min(first + SAMPLES))? };
    }
    Ok(())
}

unsafe fn pool(shared: &Shared, index: usize, samples: Range<usize>) -> Result<(), Failure> {
    let (plan, call, bags) = (shared.plan, shared.call, &shared.bags[index]);
    let feature = &plan.features[index];
    let shape = &plan.tables[feature.table as usize];
    let (rows, dim) = (shape.rows, shape.dim as usize);
    let all = places(bags, samples.start).start..places(bags, samples.end - 1).end;
    if let Some(row) = all.clone().map(|place| *bags.values.add(place)).find(|row| !(0..rows).contains(row)) {
        return Err(Failure::invalid(format!("feature {} names row {} of a table with {} rows", index, row, rows)));
    }
    let table = if all.is_empty() { std::ptr::null() } else { *call.tables.add(feature.table as usize) as *const f32 };
    for sample in samples {
        let places = places(bags, sample);
        let target = plan.output(call, index, sample);
        if places.is_empty() {
            std::ptr::write_bytes(target, 0, dim);
        } else if places.len() == 1 && bags.weights.is_null() {
            let row = *bags.values.add(places.start) as usize;
            std::ptr::copy_nonoverlapping(table.add(row * dim), target, dim);
        } else {
            let length = if feature.pooling == DMT_POOLING_MEAN { places.len() as f64 } else { 1.0 };
            let bag = Bag { table, dim, values: bags.values, weights: bags.weights, places, length };
            #[cfg(target_arch = "x86_64")]
            if plan.is_wide {
                pool_wide(&bag, target);
                continue;
            }
            bag.pool::<16>(target);
        }
    }
    Ok(())
}

/// The same with AVX2: twice the columns fit the registers.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn pool_wide(bag: &Bag, target: *mut f32) {
    bag.pool::<32>(target)
}

struct Bag {
    table: *const f32,
    dim: usize,
    values: *const i64,
    weights: *const f32,
    places: Range<usize>,
    /// What the sum is divided by.
    length: f64,
}

impl Bag {
    #[inline(always)]
    unsafe fn pool<const WIDEST: usize>(&self, target: *mut f32) {
        let mut column = 0;
        while column + WIDEST <= self.dim {
            self.columns::<WIDEST>(column, target);
            column += WIDEST;
        }
        while column + 4 <= self.dim {
            self.columns::<4>(column, target);
            column += 4;
        }
        while column < self.dim {
            self.columns::<1>(column, target);
            column += 1;
        }
    }

    /// Pools `N` columns; the compiler keeps their sums in registers.
    #[inline(always)]
    unsafe fn columns<const N: usize>(&self, column: usize, target: *mut f32) {
        let mut sums = [0f64; N];
        for place in self.places.clone() {
            let row = self.table.add(*self.values.add(place) as usize * self.dim + column);
            if self.weights.is_null() {
                for (j, sum) in sums.iter_mut().enumerate() {
                    *sum += *row.add(j) as f64;
                }
            } else {
                let weight = *self.weights.add(place) as f64;
                for (j, sum) in sums.iter_mut().enumerate() {
                    *sum += weight * *row.add(j) as f64;
                }
            }
        }
        for (j, sum) in sums.iter().enumerate() {
            *target.add(column + j) = (sum / self.length) as f32;
        }
    }
}
