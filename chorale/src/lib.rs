//! The wiring: one place that puts a shop together from its parts, used by the program and by the tests across services.

pub mod about;
pub mod audit;
pub mod cli;
pub mod data_dir;
pub mod demo;
pub mod exit;
pub mod migrate;
pub mod moving;
pub mod seed;
pub mod serve;
pub mod shop;
pub mod statements;
pub mod stores;
pub mod table;
