//! All tests across services that are quick enough for every run, in one program.

mod edges;
mod lives;
mod pages;
mod process;
mod races;
mod seeding;
mod simulation;
mod statuses;
