//! The documents of the read side and the port of the stores that hold them.

pub mod port;
