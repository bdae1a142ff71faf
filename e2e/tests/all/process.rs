//! Tests of the real program.

mod auditing;
mod clients;
mod killing;
mod output;
mod refusing;
mod serving;
mod tokens;
mod verifying;
