//! The real program, as its users meet it.

mod auditing;
mod killing;
mod program;
mod refusing;
mod serving;
