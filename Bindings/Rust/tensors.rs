//! Tensors of kernels: their shapes when a plan is bound, their memory when it runs.

use crate::contract::*;
use crate::kit::{slice, Failure};
use std::ops::Range;
use std::os::raw::c_void;

/// The extents of tensor `index` of a request's list of `count`, which has to be float32, compact, and without negative extents.
///
/// # Safety
/// The list is the host's.
pub unsafe fn shape<'a>(tensors: *const dmt_tensor, count: i32, index: usize) -> Result<&'a [i64], Failure> {
    let tensor = match slice(tensors, count as i64).get(index) {
        Some(tensor) => tensor,
        None => return Err(Failure::invalid(format!("there are {} tensors, number {} is asked for", count, index))),
    };
    if (tensor.dtype.code, tensor.dtype.bits, tensor.dtype.lanes) != (DMT_DTYPE_FLOAT, 32, 1) {
        return Err(Failure::unserved("a tensor is not float32, the only type of these kernels"));
    }
    if tensor.ndim < 0 || tensor.ndim as usize > DMT_MAX_RANK || tensor.ndim > 0 && tensor.shape.is_null() {
        return Err(Failure::invalid(format!("a tensor has {} extents, or none are given", tensor.ndim)));
    }
    let shape = slice(tensor.shape, tensor.ndim as i64);
    elements(shape)?;
    if !is_compact(shape, slice(tensor.strides, tensor.ndim as i64)) {
        return Err(Failure::unserved("a tensor is not compact"));
    }
    Ok(shape)
}

/// Whether strides, where there are any, are those of row-major elements without gaps.
fn is_compact(shape: &[i64], strides: &[i64]) -> bool {
    let mut step = 1;
    for (extent, stride) in shape.iter().zip(strides).rev() {
        if *extent != 1 && *stride != step {
            return false;
        }
        step *= extent;
    }
    true
}

/// The number of elements of a shape.
pub fn elements(shape: &[i64]) -> Result<usize, Failure> {
    let mut count = 1i64;
    for &extent in shape {
        count = match count.checked_mul(extent) {
            Some(product) if extent >= 0 => product,
            _ => return Err(Failure::invalid(format!("the extents {:?} are negative, or too large", shape))),
        };
    }
    Ok(count as usize)
}

/// The `count` elements of tensor `index` of a call's list.
///
/// # Safety
/// The list has more than `index` entries, unless it is NULL.
pub unsafe fn read<'a>(list: *const *const c_void, index: usize, count: usize) -> Result<&'a [f32], Failure> {
    let data = if list.is_null() { std::ptr::null() } else { *list.add(index) };
    if data.is_null() && count > 0 {
        return Err(Failure::invalid(format!("tensor {} of the call is NULL, expected {} elements", index, count)));
    }
    Ok(slice(data as *const f32, count as i64))
}

/// The memory of tensor `index` of a call's list, to be written; none where it is NULL: a gradient that is not wanted.
///
/// # Safety
/// The list has more than `index` entries, unless it is NULL.
pub unsafe fn write(list: *const *mut c_void, index: usize) -> Option<Shared<f32>> {
    let data = if list.is_null() { std::ptr::null_mut() } else { *list.add(index) };
    if data.is_null() {
        None
    } else {
        Some(Shared(data as *mut f32))
    }
}

/// Memory that the bodies of one loop share, each writing where no other does.
pub struct Shared<T>(pub *mut T);

unsafe impl<T: Send> Send for Shared<T> {}
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// The elements of a range.
    ///
    /// # Safety
    /// The memory has them, and nobody else uses them meanwhile.
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn range(&self, range: Range<usize>) -> &mut [T] {
        std::slice::from_raw_parts_mut(self.0.add(range.start), range.len())
    }
}
