//! Invariants of payments, recomputed from their events.

use std::collections::HashMap;

use anyhow::Result;
use schemas::life_cycle::OrderStatus;
use schemas::payment::PaymentEvent;
use schemas::{OrderId, Topic};

use super::orders::Orders;
use super::{Findings, Invariant, walk_topic};
use crate::shop::Shop;

/// All payments of a shop.
#[derive(Default)]
pub struct Payments {
    accounts: HashMap<OrderId, Account>,
    /// Sums above their limit.
    exceeded: Findings,
}

#[derive(Clone, Copy, Debug, Default)]
struct Account {
    authorised: i64,
    /// The part of `authorised` that was released or has expired.
    released: i64,
    captured: i64,
    refunded: i64,
}

impl Payments {
    /// Reads the payments' log.
    pub async fn read(shop: &Shop) -> Result<Self> {
        let mut payments = Self::default();
        walk_topic::<PaymentEvent>(shop, Topic::PAYMENT, |recorded| {
            if let Ok(order) = recorded.envelope.stream.key().parse() {
                payments.book(order, &recorded.event, &recorded.envelope.token());
            }
            Ok(())
        })
        .await?;
        Ok(payments)
    }

    fn book(&mut self, order: OrderId, event: &PaymentEvent, token: &str) {
        use PaymentEvent as E;
        let account = self.accounts.entry(order).or_default();
        match event {
            E::PaymentAuthorized(e) => account.authorised += e.amount.minor,
            E::PaymentVoided(e) => account.released += e.amount.minor,
            E::PaymentRemainderReleased(e) => account.released += e.amount.minor,
            E::PaymentAuthorizationExpired(e) => account.released += e.amount.minor,
            E::PaymentCaptured(e) => account.captured += e.amount.minor,
            E::RefundSucceeded(e) => account.refunded += e.amount.minor,
            E::PaymentRequested(_)
            | E::PaymentActionRequired(_)
            | E::PaymentDeclined(_)
            | E::PaymentCaptureRequested(_)
            | E::PaymentCaptureFailed(_)
            | E::PaymentVoidRequested(_)
            | E::PaymentVoidFailed(_)
            | E::RefundRequested(_)
            | E::RefundFailed(_)
            | E::PaymentCancelled(_)
            | E::LatePaymentDetected(_)
            | E::PaymentOutcomeUnknown(_)
            | E::PaymentInquiryRequested(_)
            | E::ChargebackReceived(_) => {}
        }
        let Account { authorised, captured, refunded, .. } = *account;
        if captured > authorised || refunded > captured {
            self.exceeded.add(|| {
                format!("after {token}: {authorised} authorised, {captured} captured, {refunded} refunded (minor units)")
            });
        }
    }

    /// Every authorised payment of a cancelled or expired order is released or refunded.
    pub fn cancelled_orders_are_not_charged(&self, orders: &Orders) -> Invariant {
        let (mut charged, mut checked) = (Findings::default(), 0_u64);
        for (id, history) in &orders.histories {
            if !history.ended_before_dispatch() {
                continue;
            }
            checked += 1;
            let account = self.accounts.get(id).copied().unwrap_or_default();
            // Captured money is refunded; the rest of the authorisation is released. An order on hold waits for a member of staff.
            let open = account.authorised - account.released - account.captured;
            if (open > 0 || account.captured != account.refunded) && history.holds.is_empty() {
                charged.add(|| format!("{} is {} and {account:?}", id.stream(), history.status));
            }
        }
        charged.result(
            "every authorised payment of a cancelled order is voided or refunded",
            format!("{checked} orders that were cancelled, rejected or expired"),
        )
    }

    /// Payments and orders agree on the captured and refunded amounts.
    pub fn agree_with(&self, orders: &Orders) -> Invariant {
        let (mut different, mut captured, mut refunded) = (Findings::default(), 0, 0);
        for (id, account) in &self.accounts {
            let recorded =
                orders.histories.get(id).map_or((0, 0), |history| (history.captured, history.refunded));
            if recorded != (account.captured, account.refunded) {
                different.add(|| {
                    format!("{} records {recorded:?}, but its payment records {account:?}", id.stream())
                });
            }
            captured += account.captured;
            refunded += account.refunded;
        }
        for (id, history) in &orders.histories {
            let (captured, waived) = (history.captured, history.written_off());
            let over = history.status == OrderStatus::Completed && history.holds.is_empty();
            if over && captured + waived != history.grand {
                different.add(|| {
                    let (order, grand) = (id.stream(), history.grand);
                    format!(
                        "{order} is completed, but of {grand}, {captured} were captured and {waived} written off"
                    )
                });
            }
            if !self.accounts.contains_key(id) && history.captured != 0 {
                different.add(|| format!("{} was paid without a payment", id.stream()));
            }
        }
        different.result(
            "captured − refunded = Σ paid",
            format!(
                "{captured} − {refunded} = {} minor units in {} payments",
                captured - refunded,
                self.accounts.len()
            ),
        )
    }

    /// Captures stay within authorisations, and refunds within captures.
    pub fn stay_within_what_was_authorised(&self) -> Invariant {
        self.exceeded.result(
            "captured ≤ authorised, refunds ≤ captured, at every event",
            format!("{} payments", self.accounts.len()),
        )
    }
}
