//! Tests of the real program.

mod auditing;
mod killing;
mod output;
mod refusing;
mod serving;
mod verifying;
