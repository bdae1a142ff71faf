//! The rules of inventory, as tests: stock items, reservations, and what holds whatever is tried.

mod properties;
mod release;
mod reservation;
mod stock;
mod stock_edges;
