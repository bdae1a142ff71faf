//! A parcel, as the order knows it.

use schemas::reservation::LineAtLocation;
use schemas::{LocationId, Money};

use super::sums::Share;

/// What leaves from one location.
#[derive(Clone, Debug, PartialEq)]
pub struct Parcel {
    /// From where.
    pub location: LocationId,
    /// What is in it.
    pub lines: Vec<LineAtLocation>,
    /// What that costs, without shipping.
    pub share: Share,
    /// Where it is.
    pub at: Whereabouts,
    /// The state of its capture.
    pub capture: Capture,
    /// Given back for it so far.
    pub refunded: Money,
}

/// Where a parcel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// Being made ready.
    Here,
    /// It will not leave; its lines are not cancelled yet.
    TakenBack,
    /// It will not leave; its lines are cancelled.
    Cancelled,
    /// On its way.
    Left,
    /// Lost, and a human has to decide.
    Lost,
    /// Lost, and paid back or never paid: it counts no more.
    WrittenOff,
    /// With the customer.
    Arrived,
}

/// The state of a parcel's capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capture {
    /// It has not left.
    NotDue,
    /// It left, and this is to be taken.
    Due(Money),
    /// This was taken.
    Done(Money),
}

impl Parcel {
    /// Whether it counts for "all that remain have left" and "all that remain have arrived".
    pub(super) fn remains(&self) -> bool {
        !matches!(self.at, Whereabouts::Cancelled | Whereabouts::WrittenOff)
    }

    /// What was taken for it; zero when nothing was.
    pub fn captured(&self) -> Money {
        match self.capture {
            Capture::Done(amount) => amount,
            Capture::NotDue | Capture::Due(_) => self.refunded.currency.zero(),
        }
    }

    /// What was taken for it and not given back.
    pub(super) fn refundable(&self) -> Money {
        self.captured().minus(self.refunded).unwrap_or(self.captured())
    }

    /// Whether money may still be taken for it.
    pub(super) fn needs_money(&self) -> bool {
        match self.at {
            Whereabouts::Here => true,
            Whereabouts::Left | Whereabouts::Lost | Whereabouts::Arrived => {
                matches!(self.capture, Capture::Due(_))
            }
            Whereabouts::TakenBack | Whereabouts::Cancelled | Whereabouts::WrittenOff => false,
        }
    }
}
