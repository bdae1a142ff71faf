//! Payments, added up again from their own events.

use std::collections::HashMap;

use anyhow::Result;
use schemas::life_cycle::OrderStatus;
use schemas::payment::PaymentEvent;
use schemas::{OrderId, Topic};

use super::orders::Orders;
use super::{Findings, Statement, walk_topic};
use crate::shop::Shop;

/// All payments of a shop.
#[derive(Default)]
pub struct Payments {
    accounts: HashMap<OrderId, Account>,
    /// Sums that passed what they must stay within.
    exceeded: Findings,
}

/// Minor units.
#[derive(Clone, Copy, Debug, Default)]
struct Account {
    authorised: i64,
    /// Of what was authorised: what was let go, or lapsed.
    let_go: i64,
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
            E::PaymentVoided(e) => account.let_go += e.amount.minor,
            E::PaymentRemainderReleased(e) => account.let_go += e.amount.minor,
            E::PaymentAuthorizationExpired(e) => account.let_go += e.amount.minor,
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

    /// What was authorised for a cancelled or expired order was let go or given back.
    pub fn cancelled_orders_are_not_charged(&self, orders: &Orders) -> Statement {
        let (mut charged, mut checked) = (Findings::default(), 0_u64);
        for (id, story) in &orders.stories {
            if !story.was_given_up() {
                continue;
            }
            checked += 1;
            let account = self.accounts.get(id).copied().unwrap_or_default();
            // Captured money is given back; what else was authorised is let go. A hold waits for a human who does either.
            let open = account.authorised - account.let_go - account.captured;
            if (open > 0 || account.captured != account.refunded) && story.holds.is_empty() {
                charged.add(|| format!("{} is {} and {account:?}", id.stream(), story.status));
            }
        }
        charged.state(
            "every authorised payment of a cancelled order is voided or refunded",
            format!("{checked} orders that were cancelled, rejected or expired"),
        )
    }

    /// What payments took and gave back is what orders heard.
    pub fn agree_with(&self, orders: &Orders) -> Statement {
        let (mut apart, mut captured, mut refunded) = (Findings::default(), 0, 0);
        for (id, account) in &self.accounts {
            let heard = orders.stories.get(id).map_or((0, 0), |story| (story.captured, story.refunded));
            if heard != (account.captured, account.refunded) {
                apart.add(|| {
                    format!("{} records {heard:?}, but its payment records {account:?}", id.stream())
                });
            }
            captured += account.captured;
            refunded += account.refunded;
        }
        for (id, story) in &orders.stories {
            let (taken, waived) = (story.captured, story.written_off());
            let over = story.status == OrderStatus::Completed && story.holds.is_empty();
            if over && taken + waived != story.grand {
                apart.add(|| {
                    let (order, grand) = (id.stream(), story.grand);
                    format!(
                        "{order} is completed, but of {grand}, {taken} were captured and {waived} written off"
                    )
                });
            }
            if !self.accounts.contains_key(id) && story.captured != 0 {
                apart.add(|| format!("{} was paid without a payment", id.stream()));
            }
        }
        apart.state(
            "captured − refunded = Σ paid",
            format!(
                "{captured} − {refunded} = {} minor units in {} payments",
                captured - refunded,
                self.accounts.len()
            ),
        )
    }

    /// Nobody pays more than was authorised, nobody gets back more than was paid.
    pub fn stay_within_what_was_authorised(&self) -> Statement {
        self.exceeded.state(
            "captured ≤ authorised, refunds ≤ captured, at every event",
            format!("{} payments", self.accounts.len()),
        )
    }
}
