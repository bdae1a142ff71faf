//! Tests of the real program.

mod auditing;
mod killing;
mod refusing;
mod serving;
mod verifying;
