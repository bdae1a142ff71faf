//! Tests of the rules of inventory: stock items, reservations, and invariants under random commands.

mod properties;
mod release;
mod reservation;
mod stock;
mod stock_edges;
