//! The real program, as its users meet it.

mod auditing;
mod killing;
mod refusing;
mod serving;
