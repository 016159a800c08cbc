//! Walks the touched rows of all tables with their summed gradients: to update them, or to write the gradients down.

use crate::optimizer::{Kind, Rule};
use crate::plan::{places, Plan, Shared};
use dmt::kit::{parallel, slice, Failure};
use dmt::*;
use std::ops::Range;

/// Distinct rows that a thread handles in one go.
const ROWS: usize = 32;
/// Columns whose gradients are summed at a time, on the stack: a plan needs no memory for each thread.
const COLUMNS: usize = 128;

struct Job<'a> {
    shared: Shared<'a>,
    rule: Option<Rule>,
}

/// # Safety
/// The pointers of `call` that are not NULL lead to as much as the contract says.
pub unsafe fn update(plan: &Plan, call: &dmt_embedding_call) -> Result<(), Failure> {
    let optimizer = match &plan.optimizer {
        Some(optimizer) => optimizer,
        None => return Err(Failure::invalid("the tables were bound without an optimizer")),
    };
    if call.step < 1 {
        return Err(Failure::invalid(format!("update number {}; they count from 1", call.step)));
    }
    run(plan, call, Some(optimizer.rule(call.learning_rate, call.step)))
}

/// # Safety
/// As for [`update`].
pub unsafe fn row_gradients(plan: &Plan, call: &dmt_embedding_call) -> Result<(), Failure> {
    run(plan, call, None)
}

unsafe fn run(plan: &Plan, call: &dmt_embedding_call, rule: Option<Rule>) -> Result<(), Failure> {
    let bags = plan.bags(call)?;
    let dedups = slice(call.dedups, plan.tables.len() as i64);
    let mut items = 0;
    for table in 0..plan.tables.len() {
        let dedup = match dedups.get(table) {
            Some(dedup) if !dedup.is_null() => &**dedup,
            _ => return Err(Failure::invalid(format!("the distinct rows of table {} are NULL", table))),
        };
        if dedup.count == 0 {
            continue;
        }
        let is_missing = dedup.rows.is_null() || dedup.starts.is_null() || dedup.order.is_null() || dedup.bags.is_null();
        if is_missing || dedup.count < 0 || dedup.count > dedup.capacity {
            return Err(Failure::invalid(format!("the distinct rows of table {} are NULL, or too many", table)));
        }
        let is_null = |list: *const *mut std::os::raw::c_void, index| list.is_null() || (*list.add(index)).is_null();
        let lacks = match &rule {
            None => is_null(call.row_gradients, table),
            Some(rule) => {
                let states = rule.optimizer.state_count();
                is_null(call.tables, table) || (0..states).any(|state| is_null(call.states, table * states + state))
            }
        };
        if lacks {
            return Err(Failure::invalid(format!("a table, a state or the row gradients of table {} are NULL", table)));
        }
        items += groups(dedup);
    }
    if items == 0 {
        return Ok(());
    }
    plan.check_outputs(call)?;
    let job = Job { shared: Shared { plan, call, bags }, rule };
    parallel(items, 1, &job, walk_groups)
}

fn walk_groups(job: &Job, items: Range<usize>) -> Result<(), Failure> {
    // SAFETY: all has been checked but what each row names, which `Row` checks; a row is in one item alone.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        if job.shared.plan.is_wide {
            return walk_wide(job, items);
        }
        walk(job, items)
    }
}

/// The same with AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn walk_wide(job: &Job, items: Range<usize>) -> Result<(), Failure> {
    walk(job, items)
}

fn groups(dedup: &dmt_dedup) -> usize {
    (dedup.count as usize + ROWS - 1) / ROWS
}

/// The groups of rows with these numbers, counted through all tables.
#[inline(always)]
unsafe fn walk(job: &Job, items: Range<usize>) -> Result<(), Failure> {
    let Job { shared, rule } = job;
    let mut first = 0;
    for table in 0..shared.plan.tables.len() {
        let dedup = &**shared.call.dedups.add(table);
        let next = first + groups(dedup);
        let here = items.start.max(first)..items.end.min(next);
        if !here.is_empty() {
            let rows = (here.start - first) * ROWS..((here.end - first) * ROWS).min(dedup.count as usize);
            for place in rows {
                let row = Row::new(shared, table, dedup, place)?;
                match rule {
                    Some(rule) => row.update(rule)?,
                    None => row.write()?,
                }
            }
        }
        first = next;
    }
    Ok(())
}

/// A distinct row of a table.
struct Row<'a> {
    shared: &'a Shared<'a>,
    table: usize,
    dedup: &'a dmt_dedup,
    /// Its number among the distinct rows.
    place: usize,
    /// Its number in the table.
    row: usize,
    dim: usize,
    entries: Range<usize>,
}

impl<'a> Row<'a> {
    #[inline(always)]
    unsafe fn new(shared: &'a Shared<'a>, table: usize, dedup: &'a dmt_dedup, place: usize) -> Result<Row<'a>, Failure> {
        let shape = &shared.plan.tables[table];
        let row = *dedup.rows.add(place);
        let entries = (*dedup.starts.add(place), *dedup.starts.add(place + 1));
        if !(0..shape.rows).contains(&row) || entries.0 < 0 || entries.0 > entries.1 || entries.1 as i64 > dedup.capacity {
            let found = format!("row {} of table {} has entries {} to {}", row, table, entries.0, entries.1);
            return Err(Failure::invalid(format!("{}; the table has {} rows", found, shape.rows)));
        }
        let entries = entries.0 as usize..entries.1 as usize;
        Ok(Row { shared, table, dedup, place, row: row as usize, dim: shape.dim as usize, entries })
    }

    /// Calls `body` with columns, and their gradient, until all columns have been.
    #[inline(always)]
    unsafe fn for_each_block(&self, mut body: impl FnMut(usize, &mut [f64])) -> Result<(), Failure> {
        let mut column = 0;
        while column < self.dim {
            let count = COLUMNS.min(self.dim - column);
            let mut sums = [0f64; COLUMNS];
            let sums = &mut sums[..count];
            for entry in self.entries.clone() {
                let (source, factor) = self.source(entry)?;
                let source = std::slice::from_raw_parts(source.add(column), count);
                for (sum, &g) in sums.iter_mut().zip(source) {
                    *sum += factor * g as f64;
                }
            }
            for sum in sums.iter_mut() {
                *sum *= self.shared.call.gradient_scale;
            }
            body(column, sums);
            column += count;
        }
        Ok(())
    }

    /// The gradient of an entry's bag, and what forward multiplied the row by there.
    #[inline(always)]
    unsafe fn source(&self, entry: usize) -> Result<(*const f32, f64), Failure> {
        let Shared { plan, call, bags } = self.shared;
        let batch = (call.batch as usize).max(1);
        let bag = *self.dedup.bags.add(entry) as usize;
        let (position, sample) = (bag / batch, bag % batch);
        let feature = match plan.features_of[self.table].get(position) {
            Some(&feature) => feature,
            None => return Err(Failure::invalid(format!("the distinct rows of table {} are of another batch", self.table))),
        };
        let jagged = &bags[feature];
        let factor = if !jagged.weights.is_null() {
            let earlier = plan.features_of[self.table][..position].iter().map(|&other| bags[other].value_count).sum::<i64>();
            let place = *self.dedup.order.add(entry) as i64 - earlier;
            if !(0..jagged.value_count).contains(&place) {
                return Err(Failure::invalid(format!("the distinct rows of table {} are of another batch", self.table)));
            }
            *jagged.weights.add(place as usize) as f64
        } else if plan.features[feature].pooling == DMT_POOLING_MEAN {
            1.0 / places(jagged, sample).len() as f64
        } else {
            1.0
        };
        Ok((plan.output(call, feature, sample), factor))
    }

    /// Writes the row's gradient to its place among the distinct rows.
    #[inline(always)]
    unsafe fn write(&self) -> Result<(), Failure> {
        let target = (*self.shared.call.row_gradients.add(self.table) as *mut f32).add(self.place * self.dim);
        self.for_each_block(|column, gradient| {
            for (j, g) in gradient.iter().enumerate() {
                *target.add(column + j) = *g as f32;
            }
        })
    }

    #[inline(always)]
    unsafe fn update(&self, rule: &Rule) -> Result<(), Failure> {
        let call = self.shared.call;
        let decay = rule.optimizer.weight_decay;
        let weights = (*call.tables.add(self.table) as *mut f32).add(self.row * self.dim);
        let add_decay = |column: usize, gradient: &mut [f64]| {
            for (j, g) in gradient.iter_mut().enumerate() {
                *g += decay * *weights.add(column + j) as f64;
            }
        };
        let state = |index: usize| *call.states.add(self.table * rule.optimizer.state_count() + index) as *mut f32;
        if rule.optimizer.kind == Kind::RowwiseAdagrad {
            let mut squares = 0.0;
            self.for_each_block(|column, gradient| {
                add_decay(column, gradient);
                for g in gradient.iter() {
                    squares += g * g;
                }
                if self.dim <= COLUMNS {
                    let sum = *state(0).add(self.row) as f64 + squares / self.dim as f64;
                    *state(0).add(self.row) = sum as f32;
                    rule.apply(slice_mut(weights, self.dim), gradient, [&mut [], &mut []], sum);
                }
            })?;
            if self.dim <= COLUMNS {
                return Ok(());
            }
            // A wider row's gradient is summed again, now that its sum is known.
            let sum = *state(0).add(self.row) as f64 + squares / self.dim as f64;
            *state(0).add(self.row) = sum as f32;
            return self.for_each_block(|column, gradient| {
                add_decay(column, gradient);
                rule.apply(slice_mut(weights.add(column), gradient.len()), gradient, [&mut [], &mut []], sum);
            });
        }
        let states = rule.optimizer.state_count();
        self.for_each_block(|column, gradient| {
            add_decay(column, gradient);
            let at = |index: usize| -> &mut [f32] {
                if index < states {
                    slice_mut(state(index).add(self.row * self.dim + column), gradient.len())
                } else {
                    &mut []
                }
            };
            rule.apply(slice_mut(weights.add(column), gradient.len()), gradient, [at(0), at(1)], 0.0);
        })
    }
}

unsafe fn slice_mut<'a>(data: *mut f32, count: usize) -> &'a mut [f32] {
    std::slice::from_raw_parts_mut(data, count)
}
