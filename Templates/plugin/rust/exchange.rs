//! One collective on its way: what each member brought, and what each receives.

use dmt::kit::slice;
use dmt::*;

/// What a member brought.
pub struct Part {
    kind: i32,
    reduction: i32,
    root: usize,
    dtype: dmt_dtype,
    count: i64,
    send_counts: Vec<i64>,
    receive_counts: Vec<i64>,
    receive_offsets: Vec<i64>,
    /// What it sends; of an all_to_all, to each member.
    data: Vec<Vec<u8>>,
    receive: *mut u8,
    taken: bool,
}

// Where it receives is its rank's alone until its wait has returned.
unsafe impl Send for Part {}

impl Part {
    /// A copy of what a member sends and expects, or the rule that its collective breaks.
    ///
    /// # Safety
    /// Pointers that are not NULL lead to as much as the counts say.
    pub unsafe fn new(given: &dmt_collective, members: usize, own: usize) -> Result<Part, &'static str> {
        if !(DMT_ALL_TO_ALL..=DMT_BARRIER).contains(&given.kind) {
            return Err("it is of no known kind");
        }
        let mut part = Part {
            kind: given.kind,
            reduction: given.reduction,
            root: given.root as usize,
            dtype: given.dtype,
            count: given.count,
            send_counts: vec![],
            receive_counts: vec![],
            receive_offsets: vec![],
            data: vec![],
            receive: given.receive as *mut u8,
            taken: false,
        };
        if given.kind == DMT_BARRIER {
            return Ok(part);
        }
        let bits = given.dtype.bits as i64 * given.dtype.lanes as i64;
        if bits == 0 || bits % 8 != 0 {
            return Err("its elements are not whole bytes");
        }
        if part.reduces() && !part.is_reducible() {
            return Err("it reduces other elements than float32, float64, int32 and int64, or by no known reduction");
        }
        if given.kind == DMT_BROADCAST && !(0..members as i32).contains(&given.root) {
            return Err("its root is no member");
        }
        let bytes = bits / 8;
        let list = |list: *const i64| slice(list, members as i64).to_vec();
        let send_offsets = list(given.send_offsets);
        part.send_counts = list(given.send_counts);
        part.receive_counts = list(given.receive_counts);
        part.receive_offsets = list(given.receive_offsets);
        let sends_parts = given.kind == DMT_ALL_TO_ALL;
        let receives_parts = sends_parts || given.kind == DMT_ALL_GATHER;
        let is_there = |list: &[i64], wanted: bool| !wanted || list.len() == members;
        if !is_there(&part.send_counts, sends_parts)
            || !is_there(&send_offsets, sends_parts)
            || !is_there(&part.receive_counts, receives_parts || given.kind == DMT_REDUCE_SCATTER)
            || !is_there(&part.receive_offsets, receives_parts)
        {
            return Err("counts or offsets are missing");
        }
        let (sent, received) = part.totals(own);
        let offsets = send_offsets.iter().chain(&part.receive_offsets);
        let (sent, received) = match (sent, received, offsets.copied().all(|offset| offset >= 0)) {
            (Some(sent), Some(received), true) if sent.max(received).checked_mul(bytes).is_some() => (sent, received),
            _ => return Err("a count or an offset is negative or beyond memory"),
        };
        if sent > 0 && given.kind != DMT_BROADCAST && given.send.is_null() || received > 0 && given.receive.is_null() {
            return Err("a buffer is NULL");
        }
        let to_itself = if sends_parts { part.send_counts[own] } else { given.count };
        if receives_parts && to_itself != part.receive_counts[own] {
            return Err("this rank sends itself another count than it receives");
        }
        let copy = |from: *const u8, offset: i64, count: i64| slice(from.wrapping_offset((offset * bytes) as isize), count * bytes).to_vec();
        part.data = match given.kind {
            DMT_ALL_TO_ALL => (0..members).map(|i| copy(given.send as *const u8, send_offsets[i], part.send_counts[i])).collect(),
            DMT_BROADCAST if part.root != own => vec![],
            DMT_BROADCAST => vec![copy(given.receive as *const u8, 0, sent)],
            _ => vec![copy(given.send as *const u8, 0, sent)],
        };
        Ok(part)
    }

    /// Elements that it sends and receives; none where a count is negative.
    fn totals(&self, own: usize) -> (Option<i64>, Option<i64>) {
        let sum = |counts: &[i64]| counts.iter().try_fold(0i64, |sum, count| if *count < 0 { None } else { sum.checked_add(*count) });
        let count = sum(&[self.count]);
        match self.kind {
            DMT_ALL_TO_ALL => (sum(&self.send_counts), sum(&self.receive_counts)),
            DMT_REDUCE_SCATTER => (sum(&self.receive_counts), Some(self.receive_counts[own])),
            DMT_ALL_GATHER => (count, sum(&self.receive_counts)),
            _ => (count, count),
        }
    }

    fn reduces(&self) -> bool {
        self.kind == DMT_ALL_REDUCE || self.kind == DMT_REDUCE_SCATTER
    }

    fn is_reducible(&self) -> bool {
        let is_number = self.dtype.code == DMT_DTYPE_FLOAT || self.dtype.code == DMT_DTYPE_INT;
        let is_known = self.reduction == DMT_REDUCE_SUM || self.reduction == DMT_REDUCE_MAX;
        is_number && is_known && self.dtype.lanes == 1 && (self.dtype.bits == 32 || self.dtype.bits == 64)
    }

    fn element(&self) -> usize {
        self.dtype.bits as usize * self.dtype.lanes as usize / 8
    }
}

/// One collective.
pub struct Exchange {
    /// What every member brought; none where it has not started.
    pub parts: Vec<Option<Part>>,
}

impl Exchange {
    pub fn new(members: usize) -> Exchange {
        Exchange { parts: (0..members).map(|_| None).collect() }
    }

    pub fn is_complete(&self) -> bool {
        self.parts.iter().all(Option::is_some)
    }

    /// Whether a member has started it and not yet waited for it.
    pub fn is_under_way(&self, member: usize) -> bool {
        self.parts[member].as_ref().map_or(false, |part| !part.taken)
    }

    /// A member has waited for it; whether all have.
    pub fn leave(&mut self, member: usize) -> bool {
        if let Some(part) = &mut self.parts[member] {
            part.taken = true;
        }
        self.parts.iter().all(|part| part.as_ref().map_or(false, |part| part.taken))
    }

    /// What the member started, for messages.
    pub fn name(&self, member: usize) -> &'static str {
        const NAMES: [&str; 6] = ["all_to_all", "all_reduce", "reduce_scatter", "all_gather", "broadcast", "barrier"];
        self.parts[member].as_ref().map_or("nothing", |part| NAMES[part.kind as usize])
    }

    /// Writes what a member receives, all members being there; or a member whose collective does not fit.
    ///
    /// # Safety
    /// The member's rank has not given its buffer back.
    pub unsafe fn receive(&self, own: usize) -> Result<(), usize> {
        let parts: Vec<&Part> = self.parts.iter().flatten().collect();
        if let Some(other) = (0..parts.len()).find(|other| !fits(&parts, own, *other)) {
            return Err(other);
        }
        let mine = parts[own];
        let size = mine.element();
        let put = |offset: i64, data: &[u8]| {
            if !data.is_empty() {
                std::ptr::copy_nonoverlapping(data.as_ptr(), mine.receive.add(offset as usize * size), data.len());
            }
        };
        match mine.kind {
            DMT_BARRIER => {}
            DMT_BROADCAST if mine.root == own => {}
            DMT_BROADCAST => put(0, &parts[mine.root].data[0]),
            DMT_ALL_GATHER => (0..parts.len()).for_each(|i| put(mine.receive_offsets[i], &parts[i].data[0])),
            DMT_ALL_TO_ALL => (0..parts.len()).for_each(|i| put(mine.receive_offsets[i], &parts[i].data[own])),
            _ => {
                let (start, count) = match mine.kind {
                    DMT_REDUCE_SCATTER => (mine.receive_counts[..own].iter().sum::<i64>(), mine.receive_counts[own]),
                    _ => (0, mine.count),
                };
                let range = start as usize * size..(start + count) as usize * size;
                let mut sum = parts[0].data[0][range.clone()].to_vec();
                for part in &parts[1..] {
                    combine(&mut sum, &part.data[0][range.clone()], mine.dtype, mine.reduction == DMT_REDUCE_SUM);
                }
                put(0, &sum);
            }
        }
        Ok(())
    }
}

/// Whether what member `other` started is the collective that `own` started.
fn fits(parts: &[&Part], own: usize, other: usize) -> bool {
    let (a, b) = (parts[own], parts[other]);
    if a.kind != b.kind || a.kind == DMT_BARRIER {
        return a.kind == b.kind;
    }
    if a.element() != b.element() || a.reduces() && (a.reduction != b.reduction || a.dtype.code != b.dtype.code) {
        return false;
    }
    match a.kind {
        DMT_BROADCAST => a.root == b.root && a.count == b.count,
        DMT_ALL_REDUCE => a.count == b.count,
        DMT_ALL_GATHER => a.receive_counts[other] == b.count,
        DMT_ALL_TO_ALL => a.receive_counts[other] == b.send_counts[own],
        _ => a.receive_counts == b.receive_counts,
    }
}

/// Adds element by element to `sums`, or takes the larger one; a NaN wins.
fn combine(sums: &mut [u8], others: &[u8], dtype: dmt_dtype, adds: bool) {
    macro_rules! each {
        ($kind:ty, $combine:expr) => {
            for (sum, other) in sums.chunks_exact_mut(dtype.bits as usize / 8).zip(others.chunks_exact(dtype.bits as usize / 8)) {
                let read = |bytes: &[u8]| bytes.try_into().map_or(<$kind>::default(), <$kind>::from_ne_bytes);
                let result: $kind = $combine(read(sum), read(other));
                sum.copy_from_slice(&result.to_ne_bytes());
            }
        };
    }
    let (is_float, is_short) = (dtype.code == DMT_DTYPE_FLOAT, dtype.bits == 32);
    match (is_float, is_short, adds) {
        (true, true, true) => each!(f32, |a: f32, b: f32| a + b),
        (true, true, false) => each!(f32, |a: f32, b: f32| if b > a || b.is_nan() { b } else { a }),
        (true, false, true) => each!(f64, |a: f64, b: f64| a + b),
        (true, false, false) => each!(f64, |a: f64, b: f64| if b > a || b.is_nan() { b } else { a }),
        // Sums of integers wrap around.
        (false, true, true) => each!(i32, i32::wrapping_add),
        (false, true, false) => each!(i32, std::cmp::max::<i32>),
        (false, false, true) => each!(i64, i64::wrapping_add),
        (false, false, false) => each!(i64, std::cmp::max::<i64>),
    }
}
