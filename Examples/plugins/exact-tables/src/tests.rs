//! The whole table, called as the host calls it, against formulas written down plainly: results have to be equal, not close.

use crate::dmt_plugin_entry;
use crate::plan::Plan;
use crate::test_host::{said, HOST};
use dmt::kit::{self, text, NO_ATTRIBUTE};
use dmt::*;
use std::os::raw::c_void;

/// Numbers that look random.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        self.0 >> 33
    }
    fn below(&mut self, bound: usize) -> usize {
        self.next() as usize % bound
    }
    fn floats(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.next() as f32 / (1u64 << 30) as f32 - 1.0).collect()
    }
}

/// Whether the loops in wide registers can run here.
fn can_be_wide() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::is_x86_feature_detected!("avx2");
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

fn table() -> &'static dmt_embedding {
    unsafe {
        let plugin = &*dmt_plugin_entry();
        assert_eq!(plugin.initialize.unwrap()(&HOST), DMT_OK);
        let id = text("com.example.exact_tables");
        let found = plugin.get_component.unwrap()(text("embedding"), id, 1);
        assert!(plugin.get_component.unwrap()(text("embedding"), id, 2).is_null());
        assert!(plugin.get_component.unwrap()(text("embedding"), text("com.example.exact_tables "), 1).is_null());
        &*(found as *const dmt_embedding)
    }
}

struct Feature {
    table: usize,
    mean: bool,
    /// Row numbers in each bag; none: one in each, without offsets.
    lengths: Option<Vec<usize>>,
    weighted: bool,
}

/// Tables, features and the bags of one batch.
struct Case {
    tables: Vec<(usize, usize)>,
    features: Vec<Feature>,
    batch: usize,
    values: Vec<Vec<i64>>,
    offsets: Vec<Option<Vec<i64>>>,
    weights: Vec<Option<Vec<f32>>>,
    columns: Vec<usize>,
    stride: usize,
    /// Loops in wide registers.
    wide: bool,
}

impl Case {
    fn new(tables: Vec<(usize, usize)>, features: Vec<Feature>, batch: usize) -> Case {
        let mut draws = Draws(batch as u64 * 31 + tables.len() as u64);
        let (mut values, mut offsets, mut weights, mut columns, mut stride) = (vec![], vec![], vec![], vec![], 1);
        for feature in &features {
            let (rows, dim) = tables[feature.table];
            let count = feature.lengths.as_ref().map_or(batch, |lengths| lengths.iter().sum());
            // A third of the values come from few rows, so that rows repeat.
            values.push((0..count).map(|i| draws.below(if i % 3 == 0 { rows.min(3) } else { rows }) as i64).collect());
            offsets.push(feature.lengths.as_ref().map(|lengths| {
                let mut ends = vec![0];
                for length in lengths {
                    ends.push(ends[ends.len() - 1] + *length as i64);
                }
                ends
            }));
            weights.push(if feature.weighted { Some(draws.floats(count)) } else { None });
            columns.push(stride);
            stride += dim + 2;
        }
        Case { tables, features, batch, values, offsets, weights, columns, stride, wide: false }
    }

    /// Every case in narrow registers, and in wide ones where this machine has them.
    fn all() -> Vec<Case> {
        let wide = Case::shapes().into_iter().map(|case| Case { wide: true, ..case });
        Case::shapes().into_iter().chain(wide.filter(|_| can_be_wide())).collect()
    }

    fn shapes() -> Vec<Case> {
        let one = |table| Feature { table, mean: false, lengths: None, weighted: false };
        let bags = |table, lengths: Vec<usize>| Feature { table, mean: false, lengths: Some(lengths), weighted: false };
        let mixed = vec![
            Feature { mean: true, ..bags(0, vec![0, 3, 1, 0, 12]) },
            Feature { weighted: true, ..bags(1, vec![2, 0, 0, 5, 1]) },
            bags(0, vec![1, 1, 0, 2, 70]),
            one(0),
            Feature { weighted: true, ..one(1) },
        ];
        vec![
            Case::new(vec![(10, 16)], vec![one(0)], 33),
            Case::new(vec![(100, 128), (3, 7), (5, 300)], vec![one(0), one(1), one(2)], 150),
            Case::new(
                vec![(5000, 8), (70_000, 33), (1, 1)],
                vec![
                    bags(0, (0..140).map(|i| i % 5).collect()),
                    bags(1, (0..140).map(|i| i * 7 % 4).collect()),
                    bags(2, (0..140).map(|i| i % 3).collect()),
                ],
                140,
            ),
            Case::new(vec![(20, 68), (6, 20)], mixed, 5),
            Case::new(vec![(4, 5)], vec![bags(0, vec![0, 0, 0])], 3),
            Case::new(vec![(4, 5), (9, 4)], vec![one(1)], 0),
            Case::new(vec![], vec![], 4),
        ]
    }

    fn places(&self, feature: usize, sample: usize) -> std::ops::Range<usize> {
        match &self.offsets[feature] {
            Some(offsets) => offsets[sample] as usize..offsets[sample + 1] as usize,
            None => sample..sample + 1,
        }
    }

    /// Every occurrence of a table: row, feature, sample, factor.
    fn occurrences(&self, table: usize) -> Vec<(i64, usize, usize, f64)> {
        let mut all = vec![];
        for (f, feature) in self.features.iter().enumerate().filter(|(_, feature)| feature.table == table) {
            for sample in 0..self.batch {
                let places = self.places(f, sample);
                for place in places.clone() {
                    let mean = if feature.mean { 1.0 / places.len() as f64 } else { 1.0 };
                    let factor = self.weights[f].as_ref().map_or(mean, |weights| weights[place] as f64);
                    all.push((self.values[f][place], f, sample, factor));
                }
            }
        }
        all
    }
}

/// A bound plan with the memory of its calls.
struct Trial<'a> {
    case: &'a Case,
    handle: *mut c_void,
    tables: Vec<Vec<f32>>,
    states: Vec<Vec<f32>>,
    output: Vec<f32>,
    row_gradients: Vec<Vec<f32>>,
    /// rows, starts, order, bags of every table
    distinct: Vec<(Vec<i64>, Vec<i32>, Vec<i32>, Vec<i32>)>,
    counts: Vec<i64>,
}

impl<'a> Trial<'a> {
    fn new(case: &'a Case, optimizer: &'static str, attributes: &[dmt_attr]) -> Trial<'a> {
        let mut draws = Draws(7);
        let shapes: Vec<_> = case.tables.iter().map(|t| dmt_table { rows: t.0 as i64, dim: t.1 as i32, reserved: 0 }).collect();
        let features: Vec<_> = case.features.iter().zip(&case.columns).map(|(feature, column)| dmt_feature {
            table: feature.table as i32,
            pooling: if feature.mean { DMT_POOLING_MEAN } else { DMT_POOLING_SUM },
            output: 0,
            reserved: 0,
            column: *column as i64,
        }).collect();
        let mut request: dmt_embedding_request = unsafe { std::mem::zeroed() };
        request.struct_size = std::mem::size_of::<dmt_embedding_request>() as u32;
        request.dtype = dmt_dtype { code: DMT_DTYPE_FLOAT, bits: 32, lanes: 1 };
        request.threads = 3;
        request.table_count = shapes.len() as i32;
        request.feature_count = features.len() as i32;
        request.output_count = 1;
        request.tables = shapes.as_ptr();
        request.features = features.as_ptr();
        request.optimizer = text(optimizer);
        request.optimizer_attributes = dmt_attrs { items: attributes.as_ptr(), count: attributes.len() as i64 };
        let mut plan: dmt_embedding_plan = unsafe { std::mem::zeroed() };
        plan.struct_size = std::mem::size_of::<dmt_embedding_plan>() as u32;
        unsafe {
            assert_eq!(table().supports.unwrap()(std::ptr::null_mut(), &request), DMT_OK);
            assert_eq!(table().bind.unwrap()(std::ptr::null_mut(), &request, &mut plan), DMT_OK);
            (*(plan.handle as *mut Plan)).is_wide = case.wide;
        }
        let mut states = vec![];
        for (rows, dim) in &case.tables {
            match optimizer {
                "adagrad" => states.push(vec![0.0; rows * dim]),
                "rowwise_adagrad" => states.push(vec![0.0; *rows]),
                "lazy_adam" => states.extend([vec![0.0; rows * dim], vec![0.0; rows * dim]]),
                _ => {}
            }
        }
        let counts: Vec<_> = (0..case.tables.len()).map(|t| case.occurrences(t).len()).collect();
        Trial {
            case,
            handle: plan.handle,
            tables: case.tables.iter().map(|(rows, dim)| draws.floats(rows * dim)).collect(),
            states,
            output: vec![f32::NAN; case.batch * case.stride],
            row_gradients: counts.iter().zip(&case.tables).map(|(count, t)| vec![f32::NAN; count * t.1]).collect(),
            distinct: counts.iter().map(|&n| (vec![-1; n], vec![-1; n + 1], vec![-1; n], vec![-1; n])).collect(),
            counts: vec![-1; counts.len()],
        }
    }

    fn call(
        &mut self, function: Option<unsafe extern "C" fn(*mut c_void, *const dmt_embedding_call) -> dmt_status>, step: i64,
    ) -> dmt_status {
        let case = self.case;
        let jagged: Vec<_> = (0..case.features.len()).map(|f| dmt_jagged {
            values: case.values[f].as_ptr(),
            offsets: case.offsets[f].as_ref().map_or(std::ptr::null(), |o| o.as_ptr()),
            weights: case.weights[f].as_ref().map_or(std::ptr::null(), |w| w.as_ptr()),
            value_count: case.values[f].len() as i64,
        }).collect();
        let total: usize = case.values.iter().map(Vec::len).sum();
        let bytes = unsafe { table().scratch_bytes.unwrap()(self.handle, case.batch as i64, total as i64) };
        let mut scratch = vec![u64::MAX; bytes as usize / 8 + 2];
        let mut dedups: Vec<_> = self.distinct.iter_mut().zip(&self.counts).map(|(d, count)| dmt_dedup {
            struct_size: std::mem::size_of::<dmt_dedup>() as u32,
            reserved: 0,
            capacity: d.0.len() as i64,
            count: *count,
            rows: d.0.as_mut_ptr(),
            starts: d.1.as_mut_ptr(),
            order: d.2.as_mut_ptr(),
            bags: d.3.as_mut_ptr(),
        }).collect();
        fn pointers(list: &mut [Vec<f32>]) -> Vec<*mut c_void> {
            list.iter_mut().map(|memory| memory.as_mut_ptr() as *mut c_void).collect()
        }
        let (tables, states) = (pointers(&mut self.tables), pointers(&mut self.states));
        let gradients = pointers(&mut self.row_gradients);
        let outputs = [self.output.as_mut_ptr() as *mut c_void];
        let dedup_pointers: Vec<*mut dmt_dedup> = dedups.iter_mut().map(|d| d as *mut _).collect();
        let call = dmt_embedding_call {
            struct_size: std::mem::size_of::<dmt_embedding_call>() as u32,
            flags: 0,
            batch: case.batch as i64,
            features: jagged.as_ptr(),
            tables: tables.as_ptr(),
            outputs: outputs.as_ptr(),
            output_strides: &(case.stride as i64),
            dedups: dedup_pointers.as_ptr(),
            states: states.as_ptr(),
            row_gradients: gradients.as_ptr(),
            learning_rate: 0.1,
            gradient_scale: 0.5,
            step,
            scratch: scratch.as_mut_ptr() as *mut c_void,
        };
        let status = unsafe { function.unwrap()(self.handle, &call) };
        assert!(scratch[bytes as usize / 8 + 1] == u64::MAX, "wrote behind scratch");
        self.counts = dedups.iter().map(|d| d.count).collect();
        status
    }

    /// The summed, scaled gradient of every touched row, and its number.
    fn gradients(&self, t: usize) -> Vec<(usize, Vec<f64>)> {
        let (case, dim) = (self.case, self.case.tables[t].1);
        let mut occurrences = case.occurrences(t);
        occurrences.sort_by_key(|o| o.0); // stable
        let mut all: Vec<(usize, Vec<f64>)> = vec![];
        for (row, feature, sample, factor) in occurrences {
            if all.last().map_or(true, |last| last.0 != row as usize) {
                all.push((row as usize, vec![0.0; dim]));
            }
            let sums = &mut all.last_mut().unwrap().1;
            for (j, sum) in sums.iter_mut().enumerate() {
                *sum += factor * self.output[sample * case.stride + case.columns[feature] + j] as f64;
            }
        }
        for (_, sums) in all.iter_mut() {
            sums.iter_mut().for_each(|sum| *sum *= 0.5);
        }
        all
    }
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        unsafe { table().release.unwrap()(self.handle) }
    }
}

fn same(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

#[test]
fn forward_pools_every_bag_and_touches_nothing_else() {
    for case in Case::all() {
        let mut trial = Trial::new(&case, "", &[]);
        let mut expected = trial.output.clone();
        for (f, feature) in case.features.iter().enumerate() {
            let dim = case.tables[feature.table].1;
            for sample in 0..case.batch {
                for j in 0..dim {
                    let places = case.places(f, sample);
                    let mut sum = 0.0;
                    for place in places.clone() {
                        let value = trial.tables[feature.table][case.values[f][place] as usize * dim + j] as f64;
                        sum += case.weights[f].as_ref().map_or(value, |weights| weights[place] as f64 * value);
                    }
                    if feature.mean && !places.is_empty() {
                        sum /= places.len() as f64;
                    }
                    expected[sample * case.stride + case.columns[f] + j] = sum as f32;
                }
            }
        }
        assert_eq!(trial.call(table().forward, 1), DMT_OK);
        assert!(same(&trial.output, &expected));
    }
}

#[test]
fn dedup_groups_occurrences_by_row() {
    for case in Case::all() {
        let mut trial = Trial::new(&case, "", &[]);
        assert_eq!(trial.call(table().dedup, 1), DMT_OK);
        for t in 0..case.tables.len() {
            let mut numbered: Vec<_> = case.occurrences(t).into_iter().enumerate().collect();
            numbered.sort_by_key(|(_, occurrence)| occurrence.0);
            let (rows, starts, order, bags) = &trial.distinct[t];
            let first = case.features.iter().enumerate().filter(|(_, feature)| feature.table == t).map(|(f, _)| f).collect::<Vec<_>>();
            for (index, (number, (_, feature, sample, _))) in numbered.iter().enumerate() {
                assert_eq!(order[index], *number as i32);
                let position = first.iter().position(|f| f == feature).unwrap();
                assert_eq!(bags[index], (position * case.batch + sample) as i32);
            }
            let mut distinct: Vec<_> = numbered.iter().map(|(_, occurrence)| occurrence.0).collect();
            distinct.dedup();
            assert_eq!(trial.counts[t], distinct.len() as i64);
            assert_eq!(rows[..distinct.len()], distinct[..]);
            assert_eq!(starts[0], 0);
            assert_eq!(starts[distinct.len()], numbered.len() as i32);
            assert!((0..distinct.len()).all(|i| numbered[starts[i] as usize].1 .0 == distinct[i]));
        }
    }
}

#[test]
fn row_gradients_are_summed_in_the_order_of_occurrences() {
    for case in Case::all() {
        let mut trial = Trial::new(&case, "", &[]);
        assert_eq!(trial.call(table().dedup, 1), DMT_OK);
        trial.output = Draws(5).floats(trial.output.len());
        assert_eq!(trial.call(table().row_gradients, 1), DMT_OK);
        for t in 0..case.tables.len() {
            let expected: Vec<f32> = trial.gradients(t).into_iter().flat_map(|(_, sums)| sums).map(|g| g as f32).collect();
            assert!(same(&trial.row_gradients[t][..expected.len()], &expected));
        }
    }
}

#[test]
fn every_optimizer_moves_the_touched_rows_alone() {
    let number = |name, value| dmt_attr { name: text(name), r#type: DMT_ATTR_F64, f64: value, ..NO_ATTRIBUTE };
    let (decay, eps) = (0.01, 1e-6);
    let attributes = [number("weight_decay", decay), number("eps", eps)];
    for optimizer in ["sgd", "adagrad", "rowwise_adagrad", "lazy_adam"] {
        for case in Case::all() {
            let mut trial = Trial::new(&case, optimizer, &attributes);
            assert_eq!(trial.call(table().dedup, 1), DMT_OK);
            for step in 1..4 {
                trial.output = Draws(step as u64).floats(trial.output.len());
                let (mut weights, mut states) = (trial.tables.clone(), trial.states.clone());
                for t in 0..case.tables.len() {
                    let dim = case.tables[t].1;
                    for (row, mut g) in trial.gradients(t) {
                        let w = &mut weights[t][row * dim..(row + 1) * dim];
                        for j in 0..dim {
                            g[j] += decay * w[j] as f64;
                        }
                        let squares = g.iter().fold(0.0, |sum, g| sum + g * g);
                        for j in 0..dim {
                            let at = row * dim + j;
                            let change = match optimizer {
                                "adagrad" => {
                                    let sum = states[t][at] as f64 + g[j] * g[j];
                                    states[t][at] = sum as f32;
                                    g[j] / (sum.sqrt() + eps)
                                }
                                "rowwise_adagrad" => {
                                    let sum = trial.states[t][row] as f64 + squares / dim as f64;
                                    states[t][row] = sum as f32;
                                    g[j] / (sum.sqrt() + eps)
                                }
                                "lazy_adam" => {
                                    let m = 0.9 * states[2 * t][at] as f64 + (1.0 - 0.9) * g[j];
                                    let v = 0.999 * states[2 * t + 1][at] as f64 + (1.0 - 0.999) * g[j] * g[j];
                                    states[2 * t][at] = m as f32;
                                    states[2 * t + 1][at] = v as f32;
                                    let (first, second) = (1.0 - 0.9f64.powf(step as f64), 1.0 - 0.999f64.powf(step as f64));
                                    second.sqrt() / first * (m / (v.sqrt() + eps))
                                }
                                _ => g[j],
                            };
                            w[j] = (w[j] as f64 - 0.1 * change) as f32;
                        }
                    }
                }
                assert_eq!(trial.call(table().update, step), DMT_OK);
                assert!(trial.tables.iter().zip(&weights).all(|(a, b)| same(a, b)), "{}", optimizer);
                assert!(trial.states.iter().zip(&states).all(|(a, b)| same(a, b)), "{}", optimizer);
            }
        }
    }
}

#[test]
fn what_is_not_served_is_said_to_be() {
    let mut request: dmt_embedding_request = unsafe { std::mem::zeroed() };
    request.struct_size = std::mem::size_of::<dmt_embedding_request>() as u32;
    request.dtype = dmt_dtype { code: DMT_DTYPE_FLOAT, bits: 32, lanes: 1 };
    let supports = |request: &dmt_embedding_request| unsafe { table().supports.unwrap()(std::ptr::null_mut(), request) };
    assert_eq!(supports(&request), DMT_OK);
    request.optimizer = text("adam");
    assert_eq!(supports(&request), DMT_UNIMPLEMENTED);
    assert_eq!(said(), "optimizer 'adam' on the rows of a batch");
    request.optimizer = text("sgd");
    request.dtype.bits = 64;
    assert_eq!(supports(&request), DMT_UNIMPLEMENTED);
    request.dtype.bits = 32;
    request.table_count = 1;
    assert_eq!(supports(&request), DMT_INVALID_ARGUMENT);
    assert_eq!(unsafe { table().supports.unwrap()(std::ptr::null_mut(), std::ptr::null()) }, DMT_INVALID_ARGUMENT);
}

#[test]
fn a_row_that_is_not_in_its_table_is_refused() {
    let mut case = Case::new(vec![(10, 4)], vec![Feature { table: 0, mean: false, lengths: None, weighted: false }], 300);
    case.values[0][299] = 10;
    let mut trial = Trial::new(&case, "", &[]);
    assert_eq!(trial.call(table().forward, 1), DMT_INVALID_ARGUMENT);
    assert_eq!(said(), "feature 0 names row 10 of a table with 10 rows");
    assert_eq!(trial.call(table().dedup, 1), DMT_INVALID_ARGUMENT);
}

#[test]
fn offsets_that_fall_are_refused() {
    let lengths = Some(vec![1, 1]);
    let mut case = Case::new(vec![(10, 4)], vec![Feature { table: 0, mean: false, lengths, weighted: false }], 2);
    case.offsets[0] = Some(vec![0, 2, 1]);
    assert_eq!(Trial::new(&case, "", &[]).call(table().forward, 1), DMT_INVALID_ARGUMENT);
}

#[test]
fn a_panic_becomes_a_status_in_loops_too() {
    table();
    assert_eq!(kit::guard(|| panic!("on purpose")), DMT_INTERNAL);
    assert_eq!(said(), "the plugin panicked: on purpose");
    let status = kit::guard(|| kit::parallel(10, 1, &7, |limit, range| if range.contains(limit) { panic!("at seven") } else { Ok(()) }));
    assert_eq!(status, DMT_INTERNAL);
    assert_eq!(said(), "the plugin panicked: at seven");
}
