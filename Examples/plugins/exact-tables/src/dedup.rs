//! Finds the distinct rows of every table: a stable radix sort of (row, occurrence), a table a thread.

use crate::plan::{places, Plan, Shared};
use dmt::kit::{parallel, slice, Failure};
use dmt::*;
use std::ops::Range;

const DIGIT: u32 = 11;

/// Two lists of (row, occurrence) and the bag of every occurrence.
pub fn scratch_bytes(values: i64) -> i64 {
    values.saturating_mul(8 + 8 + 4)
}

/// # Safety
/// The pointers of `call` that are not NULL lead to as much as the contract says.
pub unsafe fn dedup(plan: &Plan, call: &dmt_embedding_call) -> Result<(), Failure> {
    let batch = plan.batch(call)?;
    let bags = plan.bags(call)?;
    let answers = slice(call.dedups, plan.tables.len() as i64);
    let mut total = 0;
    for table in 0..plan.tables.len() {
        let count = occurrences(plan, bags, table);
        total += count;
        let answer = match answers.get(table) {
            Some(answer) if !answer.is_null() => &**answer,
            _ => return Err(Failure::invalid(format!("the answer for table {} is NULL", table))),
        };
        let is_missing = answer.rows.is_null() || answer.starts.is_null() || answer.order.is_null() || answer.bags.is_null();
        if count as i64 > answer.capacity || count > i32::MAX as usize || count > 0 && is_missing {
            let found = format!("table {} has {} occurrences, and room for {}", table, count, answer.capacity);
            return Err(Failure::invalid(found + if is_missing { " in buffers that are NULL" } else { "" }));
        }
        if plan.features_of[table].len() * batch > i32::MAX as usize {
            return Err(Failure::invalid(format!("table {} has more than 2^31 bags", table)));
        }
    }
    if total > 0 && call.scratch.is_null() {
        return Err(Failure::invalid("scratch is NULL"));
    }
    let shared = Shared { plan, call, bags };
    parallel(plan.tables.len(), 1, &shared, sort_tables)
}

fn sort_tables(shared: &Shared, tables: Range<usize>) -> Result<(), Failure> {
    for table in tables {
        // SAFETY: bags and answers have been checked; a table's answer and its part of scratch are its own.
        unsafe { sort(shared, table)? };
    }
    Ok(())
}

fn occurrences(plan: &Plan, bags: &[dmt_jagged], table: usize) -> usize {
    plan.features_of[table].iter().map(|&feature| bags[feature].value_count as usize).sum()
}

unsafe fn sort(shared: &Shared, table: usize) -> Result<(), Failure> {
    let (plan, bags) = (shared.plan, shared.bags);
    let answer = &mut **shared.call.dedups.add(table);
    let count = occurrences(plan, bags, table);
    answer.count = 0;
    if count == 0 {
        if !answer.starts.is_null() {
            *answer.starts = 0;
        }
        return Ok(());
    }
    let total: usize = (0..plan.tables.len()).map(|table| occurrences(plan, bags, table)).sum();
    let first: usize = (0..table).map(|table| occurrences(plan, bags, table)).sum();
    let pairs = shared.call.scratch as *mut u64;
    let mut from = std::slice::from_raw_parts_mut(pairs.add(first), count);
    let mut to = std::slice::from_raw_parts_mut(pairs.add(total + first), count);
    let bag_of = std::slice::from_raw_parts_mut((pairs.add(2 * total) as *mut i32).add(first), count);

    gather(shared, table, from, bag_of)?;
    let bits = 64 - (plan.tables[table].rows.max(2) as u64 - 1).leading_zeros();
    for pass in 0..(bits + DIGIT - 1) / DIGIT {
        scatter(from, to, 32 + pass * DIGIT);
        std::mem::swap(&mut from, &mut to);
    }

    let rows = std::slice::from_raw_parts_mut(answer.rows, count);
    let starts = std::slice::from_raw_parts_mut(answer.starts, count + 1);
    let order = std::slice::from_raw_parts_mut(answer.order, count);
    let sorted_bags = std::slice::from_raw_parts_mut(answer.bags, count);
    let mut distinct = 0;
    for (index, &pair) in from.iter().enumerate() {
        let (row, occurrence) = ((pair >> 32) as i64, pair as u32 as usize);
        if distinct == 0 || rows[distinct - 1] != row {
            rows[distinct] = row;
            starts[distinct] = index as i32;
            distinct += 1;
        }
        order[index] = occurrence as i32;
        sorted_bags[index] = bag_of[occurrence];
    }
    starts[distinct] = count as i32;
    answer.count = distinct as i64;
    Ok(())
}

/// Occurrences in the order of the contract: the table's features, bag after bag.
unsafe fn gather(shared: &Shared, table: usize, pairs: &mut [u64], bag_of: &mut [i32]) -> Result<(), Failure> {
    let batch = shared.call.batch as usize;
    let rows = shared.plan.tables[table].rows;
    let mut occurrence = 0;
    for (position, &feature) in shared.plan.features_of[table].iter().enumerate() {
        let bags = &shared.bags[feature];
        for sample in 0..batch {
            for place in places(bags, sample) {
                let row = *bags.values.add(place);
                if !(0..rows).contains(&row) {
                    let found = format!("feature {} names row {}", feature, row);
                    return Err(Failure::invalid(format!("{} of a table with {} rows", found, rows)));
                }
                pairs[occurrence] = (row as u64) << 32 | occurrence as u64;
                bag_of[occurrence] = (position * batch + sample) as i32;
                occurrence += 1;
            }
        }
    }
    Ok(())
}

/// One stable pass, by the digit at `shift`.
fn scatter(from: &[u64], to: &mut [u64], shift: u32) {
    let digit = |pair: u64| (pair >> shift) as usize & ((1 << DIGIT) - 1);
    let mut next = [0u32; 1 << DIGIT];
    for &pair in from {
        next[digit(pair)] += 1;
    }
    let mut sum = 0;
    for count in next.iter_mut() {
        sum += std::mem::replace(count, sum);
    }
    for &pair in from {
        let place = &mut next[digit(pair)];
        to[*place as usize] = pair;
        *place += 1;
    }
}
