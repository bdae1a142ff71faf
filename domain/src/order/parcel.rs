//! The order's state of a parcel.

use schemas::reservation::LineAtLocation;
use schemas::{LocationId, Money};

use super::sums::Share;

/// The parcel of one location.
#[derive(Clone, Debug, PartialEq)]
pub struct Parcel {
    pub location: LocationId,
    pub lines: Vec<LineAtLocation>,
    /// Price of the contents, without shipping.
    pub share: Share,
    pub at: Whereabouts,
    /// The state of its capture.
    pub capture: Capture,
    /// Amount refunded for the parcel so far.
    pub refunded: Money,
}

/// Situation of a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    Here,
    /// Cancelled; its lines are not cancelled yet.
    TakenBack,
    /// Cancelled, with its lines.
    Cancelled,
    Left,
    /// Lost; staff must decide.
    Lost,
    /// Lost, and refunded or never captured. It no longer counts.
    WrittenOff,
    Arrived,
}

/// The state of a parcel's capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capture {
    /// The parcel has not left.
    NotDue,
    /// The parcel left; this amount is to be captured.
    Due(Money),
    /// This amount was captured.
    Done(Money),
}

impl Parcel {
    /// Whether the parcel counts as remaining.
    pub(super) fn remains(&self) -> bool {
        !matches!(self.at, Whereabouts::Cancelled | Whereabouts::WrittenOff)
    }

    /// Amount captured for the parcel; zero if none was.
    pub fn captured(&self) -> Money {
        match self.capture {
            Capture::Done(amount) => amount,
            Capture::NotDue | Capture::Due(_) => self.refunded.currency.zero(),
        }
    }

    /// Amount captured for the parcel and not refunded.
    pub(super) fn refundable(&self) -> Money {
        self.captured().minus(self.refunded).unwrap_or(self.captured())
    }

    /// Whether an amount may still have to be captured for the parcel.
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
