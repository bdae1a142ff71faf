//! The types of the schemas, shared by both.

pub(crate) mod actor;
pub(crate) mod attention;
pub(crate) mod category;
mod discretion;
pub(crate) mod event;
pub(crate) mod names;
pub(crate) mod node;
pub(crate) mod order;
pub(crate) mod parked;
pub(crate) mod payment;
pub(crate) mod product;
pub(crate) mod projector;
pub(crate) mod reactor;
pub(crate) mod sales;
pub(crate) mod shipment;
pub(crate) mod stock;
pub(crate) mod suggestion;
pub(crate) mod timeline;
