//! Assembles a shop from its parts, for the program and for the end-to-end tests.

#![warn(unreachable_pub)]

pub mod cli;
pub mod data_dir;
pub mod demo;
mod descriptors;
pub mod exit;
pub mod health;
pub mod invariants;
pub mod migrate;
pub mod moving;
pub mod operator;
pub mod progress;
pub mod seed;
pub mod serve;
pub mod shop;
pub mod shop_properties;
pub mod stores;
pub mod table;
pub mod up;
