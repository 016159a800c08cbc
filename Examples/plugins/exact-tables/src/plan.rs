//! What is known once and for all: tables, features, optimizer. And a batch's bags, checked before they are read.

use crate::optimizer::Optimizer;
use dmt::kit::{given, service, slice, Failure};
use dmt::*;
use std::ops::Range;

pub struct Plan {
    pub tables: Vec<dmt_table>,
    pub features: Vec<dmt_feature>,
    /// For every table its features, in the order of their occurrences.
    pub features_of: Vec<Vec<usize>>,
    pub optimizer: Option<Optimizer>,
    /// Loops run in registers of four doubles. The numbers are the same.
    pub is_wide: bool,
    output_count: i32,
}

impl Plan {
    /// # Safety
    /// `request` is NULL or the host's.
    pub unsafe fn new(request: *const dmt_embedding_request) -> Result<Plan, Failure> {
        let request = given(request)?;
        let dtype = request.dtype;
        if (dtype.code, dtype.bits, dtype.lanes) != (DMT_DTYPE_FLOAT, 32, 1) {
            return Err(Failure::unserved("tables are not float32, the only type of these kernels"));
        }
        if request.table_count < 0 || request.feature_count < 0 || request.output_count < 0 {
            return Err(Failure::invalid("a count of the request is negative"));
        }
        let tables = slice(request.tables, request.table_count as i64).to_vec();
        let features = slice(request.features, request.feature_count as i64).to_vec();
        if tables.len() != request.table_count as usize || features.len() != request.feature_count as usize {
            return Err(Failure::invalid("the tables or the features of the request are NULL"));
        }
        for (index, table) in tables.iter().enumerate() {
            if table.rows < 0 || table.dim < 1 || table.rows.checked_mul(4 * table.dim as i64).is_none() {
                let found = format!("table {} has {} rows of {}", index, table.rows, table.dim);
                return Err(Failure::invalid(found + ", expected at least 0 rows of at least 1 that fit memory"));
            }
            // A row number and an occurrence share 64 bits while they are sorted.
            if table.rows > 1 << 32 {
                return Err(Failure::unserved(format!("table {} has {} rows, more than 2^32", index, table.rows)));
            }
        }
        let mut features_of = vec![Vec::new(); tables.len()];
        for (index, feature) in features.iter().enumerate() {
            if !(0..request.table_count).contains(&feature.table)
                || !(0..request.output_count).contains(&feature.output)
                || feature.column < 0
            {
                return Err(Failure::invalid(format!(
                    "feature {} names table {}, output {} and column {}; there are {} tables and {} outputs",
                    index, feature.table, feature.output, feature.column, request.table_count, request.output_count
                )));
            }
            if feature.pooling != DMT_POOLING_SUM && feature.pooling != DMT_POOLING_MEAN {
                return Err(Failure::unserved(format!("feature {} has the unknown pooling {}", index, feature.pooling)));
            }
            features_of[feature.table as usize].push(index);
        }
        let optimizer = Optimizer::new(request.optimizer, request.optimizer_attributes)?;
        Ok(Plan { tables, features, features_of, optimizer, is_wide: has_avx2(), output_count: request.output_count })
    }

    /// A call's batch size.
    pub fn batch(&self, call: &dmt_embedding_call) -> Result<usize, Failure> {
        if !(0..=i32::MAX as i64).contains(&call.batch) {
            return Err(Failure::invalid(format!("a batch of {} samples", call.batch)));
        }
        Ok(call.batch as usize)
    }

    /// The bags of all features, whose offsets and row numbers have been checked where `deep`.
    ///
    /// # Safety
    /// The pointers of `call` that are not NULL lead to as much as the contract says.
    pub unsafe fn bags<'a>(&self, call: &'a dmt_embedding_call) -> Result<&'a [dmt_jagged], Failure> {
        let batch = self.batch(call)?;
        let all = slice(call.features, self.features.len() as i64);
        if all.len() != self.features.len() {
            return Err(Failure::invalid("the features of the call are NULL"));
        }
        for (index, bags) in all.iter().enumerate() {
            let wrong = |what: &str| Err(Failure::invalid(format!("feature {}: {}", index, what)));
            if !(0..=i32::MAX as i64).contains(&bags.value_count) || bags.value_count > 0 && bags.values.is_null() {
                return wrong("its row numbers are NULL, or their count is out of bounds");
            }
            if bags.offsets.is_null() {
                if bags.value_count != call.batch {
                    return wrong("without offsets it has to have one row number a sample");
                }
            } else {
                let offsets = slice(bags.offsets, batch as i64 + 1);
                let rise = offsets.windows(2).all(|pair| pair[0] <= pair[1]);
                if !rise || offsets[0] != 0 || offsets[batch] != bags.value_count {
                    return wrong("its offsets do not rise from 0 to the number of row numbers");
                }
            }
            if !bags.weights.is_null() && self.features[index].pooling == DMT_POOLING_MEAN {
                return wrong("it has weights and is pooled by mean");
            }
        }
        Ok(all)
    }

    /// Where every feature's columns of sample 0 lie, and the elements from one sample to the next, as `place` wants them.
    ///
    /// # Safety
    /// As for [`Plan::bags`].
    pub unsafe fn check_outputs(&self, call: &dmt_embedding_call) -> Result<(), Failure> {
        let outputs = slice(call.outputs, self.output_count as i64);
        let strides = slice(call.output_strides, self.output_count as i64);
        for (index, feature) in self.features.iter().enumerate() {
            let output = feature.output as usize;
            if outputs.get(output).map_or(true, |memory| memory.is_null()) || output >= strides.len() {
                return Err(Failure::invalid(format!("output {} of feature {} is NULL", output, index)));
            }
            if strides[output] < feature.column + self.tables[feature.table as usize].dim as i64 {
                let found = format!("output {} has a stride of {}", output, strides[output]);
                return Err(Failure::invalid(format!("{}, too few for the columns of feature {}", found, index)));
            }
        }
        Ok(())
    }

    /// Where the columns of `feature` and `sample` lie, in outputs that have been checked.
    ///
    /// # Safety
    /// `check_outputs` has succeeded, and `sample` is below the batch.
    #[inline(always)]
    pub unsafe fn output(&self, call: &dmt_embedding_call, feature: usize, sample: usize) -> *mut f32 {
        let place = self.features.get_unchecked(feature);
        let stride = *call.output_strides.add(place.output as usize) as usize;
        (*call.outputs.add(place.output as usize) as *mut f32).add(sample * stride + place.column as usize)
    }
}

/// Whether the host says that the CPU has AVX2; a user's cap (DMT_ISA_MAX) counts.
fn has_avx2() -> bool {
    // SAFETY: the service's struct is the one of its id, and lives as long as the process.
    let cpu = unsafe { service::<dmt_cpu>(DMT_SERVICE_CPU).as_ref() };
    cfg!(target_arch = "x86_64") && cpu.map_or(false, |cpu| cpu.features & DMT_CPU_AVX2 != 0)
}

/// The places of the row numbers of one bag.
///
/// # Safety
/// `bags` has been checked, and `sample` is below the batch.
#[inline(always)]
pub unsafe fn places(bags: &dmt_jagged, sample: usize) -> Range<usize> {
    if bags.offsets.is_null() {
        sample..sample + 1
    } else {
        *bags.offsets.add(sample) as usize..*bags.offsets.add(sample + 1) as usize
    }
}

/// Pointers of the host that a loop hands to the host's threads, each of which writes where no other does.
pub struct Shared<'a> {
    pub plan: &'a Plan,
    pub call: &'a dmt_embedding_call,
    pub bags: &'a [dmt_jagged],
}
unsafe impl Sync for Shared<'_> {}
