//! Projectors on a bus that shuffles, redelivers and splits, through restarts and rebuilds.

mod batches;
mod differing;
mod fold;
mod gaps;
mod going_back;
mod golden;
mod history;
mod past;
mod poison;
mod properties;
mod rebuilding;
mod scripted;
mod shop;
mod statuses;
mod verifying;
