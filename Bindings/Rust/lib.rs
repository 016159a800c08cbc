//! The plugin contract of dmt for Rust: the structs of the C headers, name for name, and what a plugin needs around them.
//!
//! A plugin is a `cdylib` that exports `dmt_plugin_entry`. It needs Rust 1.63 and no crate but this one.

mod contract;
pub mod flow;
pub mod graph;
pub mod kit;
pub mod tensors;

pub use contract::*;
