//! The optimizers on the rows of a batch, in double precision.

use dmt::kit::{bytes, Attributes, Failure};
use dmt::{dmt_attrs, dmt_str};

#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Sgd,
    Adagrad,
    RowwiseAdagrad,
    LazyAdam,
}

#[derive(Clone, Copy)]
pub struct Optimizer {
    pub kind: Kind,
    pub weight_decay: f64,
    beta1: f64,
    beta2: f64,
    eps: f64,
}

impl Optimizer {
    /// `None` for an empty name: the plan is never asked to update.
    ///
    /// # Safety
    /// Name and attributes are the host's.
    pub unsafe fn new(name: dmt_str, attributes: dmt_attrs) -> Result<Option<Optimizer>, Failure> {
        let kind = match bytes(name) {
            b"" => return Ok(None),
            b"sgd" => Kind::Sgd,
            b"adagrad" => Kind::Adagrad,
            b"rowwise_adagrad" => Kind::RowwiseAdagrad,
            b"lazy_adam" => Kind::LazyAdam,
            other => {
                let name = String::from_utf8_lossy(other);
                return Err(Failure::unserved(format!("optimizer '{}' on the rows of a batch", name)));
            }
        };
        let attributes = Attributes::new(attributes)?;
        if attributes.double("momentum", 0.0) != 0.0 {
            return Err(Failure::unserved("sgd with momentum on the rows of a batch"));
        }
        let optimizer = Optimizer {
            kind,
            weight_decay: attributes.double("weight_decay", 0.0),
            beta1: attributes.double("beta1", 0.9),
            beta2: attributes.double("beta2", 0.999),
            eps: attributes.double("eps", if kind == Kind::Adagrad { 1e-10 } else { 1e-8 }),
        };
        let is_factor = |beta: f64| (0.0..1.0).contains(&beta);
        let is_size = |number: f64| number.is_finite() && number >= 0.0;
        if !is_factor(optimizer.beta1) || !is_factor(optimizer.beta2) || !is_size(optimizer.eps) || !is_size(optimizer.weight_decay) {
            return Err(Failure::invalid("weight_decay and eps have to be at least 0, beta1 and beta2 in 0 ..< 1"));
        }
        Ok(Some(optimizer))
    }

    /// State tensors a table.
    pub fn state_count(&self) -> usize {
        match self.kind {
            Kind::Sgd => 0,
            Kind::Adagrad | Kind::RowwiseAdagrad => 1,
            Kind::LazyAdam => 2,
        }
    }

    /// The rule of update number `step`, counted from 1.
    pub fn rule(&self, learning_rate: f64, step: i64) -> Rule {
        let (first, second) = (1.0 - self.beta1.powf(step as f64), 1.0 - self.beta2.powf(step as f64));
        Rule { optimizer: *self, learning_rate, correction: second.sqrt() / first }
    }
}

pub struct Rule {
    pub optimizer: Optimizer,
    learning_rate: f64,
    /// What Adam's step is multiplied by.
    correction: f64,
}

impl Rule {
    /// Moves some columns of a row. `states` are the row's states at the same columns; `row_sum` is the row's own sum.
    #[inline(always)]
    pub fn apply(&self, weights: &mut [f32], gradient: &[f64], states: [&mut [f32]; 2], row_sum: f64) {
        let [first, second] = states;
        let Optimizer { kind, beta1, beta2, eps, .. } = self.optimizer;
        match kind {
            Kind::Sgd => {
                for (w, &g) in weights.iter_mut().zip(gradient) {
                    self.step(w, g);
                }
            }
            Kind::Adagrad => {
                for ((w, &g), s) in weights.iter_mut().zip(gradient).zip(first) {
                    let sum = *s as f64 + g * g;
                    *s = sum as f32;
                    self.step(w, quotient(g, sum.sqrt() + eps));
                }
            }
            Kind::RowwiseAdagrad => {
                let root = row_sum.sqrt() + eps;
                for (w, &g) in weights.iter_mut().zip(gradient) {
                    self.step(w, quotient(g, root));
                }
            }
            Kind::LazyAdam => {
                for (((w, &g), m), v) in weights.iter_mut().zip(gradient).zip(first).zip(second) {
                    let average = beta1 * *m as f64 + (1.0 - beta1) * g;
                    let square = beta2 * *v as f64 + (1.0 - beta2) * g * g;
                    *m = average as f32;
                    *v = square as f32;
                    // PyTorch's SparseAdam adds eps before it corrects the second moment.
                    self.step(w, self.correction * quotient(average, square.sqrt() + eps));
                }
            }
        }
    }

    #[inline(always)]
    fn step(&self, weight: &mut f32, step: f64) {
        *weight = (*weight as f64 - self.learning_rate * step) as f32;
    }
}

/// 0 / 0 is 0: a gradient that has always been 0 moves nothing, whatever eps is.
#[inline(always)]
fn quotient(a: f64, b: f64) -> f64 {
    if a == 0.0 {
        0.0
    } else {
        a / b
    }
}
