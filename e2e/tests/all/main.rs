//! All tests across services that are fast enough for every run, in one test binary.

mod clocks;
mod edges;
mod lives;
mod pages;
mod process;
mod races;
mod seeding;
mod simulation;
mod statuses;
