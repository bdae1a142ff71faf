//! Failed, repeated and unanswered payment calls.

use std::time::Duration;

use anyhow::{Context as _, Result};
use chorale::invariants::orders::Orders;
use chorale::invariants::payments::Payments;
use command_api::inputs::ActionOutcome;
use e2e::Embedded;
use schemas::life_cycle::{HoldReason, OrderStatus, WayOut};
use schemas::{OrderId, ShipmentId};

use super::everywhere;

const TEA: &[(&str, u32)] = &[("TEA-100", 2)];
/// Longer than the period for returns.
const RETURNS: Duration = Duration::from_secs(15 * 24 * 3600);
/// Longer than the wait before the provider is asked about an unanswered call.
const INQUIRY: Duration = Duration::from_secs(61);

async fn sent(shop: &Embedded) -> Result<(OrderId, ShipmentId)> {
    let order = shop.place_order(TEA).await?;
    let parcel = shop.parcel(order, "central")?;
    shop.send(parcel).await?;
    Ok((order, parcel))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_capture_is_retried_when_staff_ask() -> Result<()> {
    everywhere(async |shop| {
        shop.provider.fail_next("capture", "CARD_BLOCKED");
        let (order, parcel) = sent(shop).await?;
        shop.until(&order.stream(), "OrderPutOnHold").await?;
        assert_eq!(shop.provider.moved(order), (0, 0));
        shop.resolve(order, HoldReason::CaptureFailed, Some(parcel), WayOut::RetryCapture).await?;
        shop.until(&order.stream(), "OrderPaymentCaptured").await?;
        shop.settles_as(order, OrderStatus::Shipped).await?;
        assert_eq!(shop.provider.moved(order), (2_490, 0));
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_capture_is_written_off_when_staff_ask() -> Result<()> {
    everywhere(async |shop| {
        shop.provider.fail_next("capture", "CARD_BLOCKED");
        let (order, parcel) = sent(shop).await?;
        shop.until(&order.stream(), "OrderPutOnHold").await?;
        shop.resolve(order, HoldReason::CaptureFailed, Some(parcel), WayOut::Release).await?;
        shop.deliver(parcel).await?;
        shop.settles_as(order, OrderStatus::Delivered).await?;
        shop.clock.advance_by(RETURNS);
        shop.until(&order.stream(), "OrderCompleted").await?;
        assert_eq!(shop.provider.moved(order), (0, 0));
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn writing_off_a_parcel_waives_only_its_own_amount() -> Result<()> {
    everywhere(async |shop| {
        let order = shop.place_order(&[("TEA-100", 2), ("MUG-1", 1)]).await?;
        let (lost, paid) = (shop.parcel(order, "central")?, shop.parcel(order, "north")?);
        shop.provider.fail_next("capture", "CARD_BLOCKED");
        shop.send(lost).await?;
        shop.until(&order.stream(), "OrderPutOnHold").await?;
        shop.resolve(order, HoldReason::CaptureFailed, Some(lost), WayOut::Release).await?;
        shop.send(paid).await?;
        shop.until(&order.stream(), "OrderPaymentCaptured").await?;
        for parcel in [lost, paid] {
            shop.deliver(parcel).await?;
        }
        shop.until(&order.stream(), "OrderDelivered").await?;
        shop.clock.advance_by(RETURNS);
        shop.until(&order.stream(), "OrderCompleted").await?;
        shop.settle().await?;

        let (mut orders, payments) = (Orders::read(shop).await?, Payments::read(shop).await?);
        assert!(payments.agree_with(&orders).holds);
        let history = orders.histories.get_mut(&order).context("it was placed")?;
        assert_eq!((history.written_off(), history.captured), (2_490, 1_500));
        history.grand += 1;
        assert!(!payments.agree_with(&orders).holds, "one cent is neither captured nor written off");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_written_off_lost_parcel_needs_no_payment_when_its_capture_fails() -> Result<()> {
    everywhere(async |shop| {
        shop.provider.hold("capture");
        let (order, parcel) = sent(shop).await?;
        shop.until(&order.payment_stream(), "PaymentCaptureRequested").await?;
        shop.lose(parcel).await?;
        shop.until(&order.stream(), "OrderPutOnHold").await?;
        shop.resolve(order, HoldReason::ShipmentLost, Some(parcel), WayOut::Refund).await?;
        shop.until(&order.stream(), "OrderCompleted").await?;
        shop.provider.fail_next("capture", "CARD_BLOCKED");
        shop.provider.release("capture");
        shop.until(&order.payment_stream(), "PaymentCaptureFailed").await?;
        shop.settles_as(order, OrderStatus::Completed).await?;
        assert_eq!(shop.provider.moved(order), (0, 0));
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_parcel_is_refunded_whether_it_was_captured_before_or_after() -> Result<()> {
    for late in [false, true] {
        everywhere(async |shop| {
            if late {
                shop.provider.hold("capture");
            }
            let (order, parcel) = sent(shop).await?;
            if late {
                shop.until(&order.payment_stream(), "PaymentCaptureRequested").await?;
            } else {
                shop.until(&order.stream(), "OrderPaymentCaptured").await?;
            }
            shop.lose(parcel).await?;
            shop.until(&order.stream(), "OrderPutOnHold").await?;
            shop.resolve(order, HoldReason::ShipmentLost, Some(parcel), WayOut::Refund).await?;
            if late {
                // Nothing had been captured, so nothing was refunded. Now the capture succeeds after all, so staff
                // must decide again.
                shop.until(&order.stream(), "OrderHoldReleased").await?;
                shop.provider.release("capture");
                shop.until_times(&order.stream(), "OrderPutOnHold", 2).await?;
                shop.resolve(order, HoldReason::ShipmentLost, Some(parcel), WayOut::Refund).await?;
            }
            shop.until(&order.stream(), "OrderRefunded").await?;
            shop.settle().await?;
            let (taken, given) = shop.provider.moved(order);
            assert_eq!((taken, given), (2_490, 2_490), "{:?}", shop.history(order).await?.names());
            Ok(())
        })
        .await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_refund_is_retried_when_staff_ask() -> Result<()> {
    everywhere(async |shop| {
        shop.provider.fail_next("refund", "ACCOUNT_CLOSED");
        let (order, parcel) = sent(shop).await?;
        shop.until(&order.stream(), "OrderPaymentCaptured").await?;
        shop.lose(parcel).await?;
        shop.until(&order.stream(), "OrderPutOnHold").await?;
        shop.resolve(order, HoldReason::ShipmentLost, Some(parcel), WayOut::Refund).await?;
        shop.until_times(&order.stream(), "OrderPutOnHold", 2).await?;
        shop.resolve(order, HoldReason::RefundFailed, Some(parcel), WayOut::Refund).await?;
        shop.until(&order.stream(), "OrderRefunded").await?;
        shop.settle().await?;
        assert_eq!(shop.provider.moved(order), (2_490, 2_490));
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unanswered_authorisation_is_inquired_and_never_repeated() -> Result<()> {
    everywhere(async |shop| {
        shop.provider.lose_next_answer("authorize");
        let order = shop.place_order(TEA).await?;
        shop.until(&order.payment_stream(), "PaymentOutcomeUnknown").await?;
        shop.clock.advance_by(INQUIRY);
        shop.until(&order.stream(), "OrderConfirmed").await?;
        shop.settles_as(order, OrderStatus::Confirmed).await?;
        assert_eq!(shop.count(&order.payment_stream(), "PaymentAuthorized").await?, 1);
        assert_eq!(shop.count(&order.payment_stream(), "PaymentRequested").await?, 1);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inquiry_finds_out_that_a_call_did_not_arrive() -> Result<()> {
    everywhere(async |shop| {
        shop.provider.lose_next_call("capture");
        let (order, _) = sent(shop).await?;
        shop.until(&order.payment_stream(), "PaymentOutcomeUnknown").await?;
        shop.clock.advance_by(INQUIRY);
        shop.until(&order.stream(), "OrderPaymentCaptured").await?;
        shop.settles_as(order, OrderStatus::Shipped).await?;
        assert_eq!(shop.provider.moved(order), (2_490, 0));
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capture_whose_answer_was_lost_is_made_once() -> Result<()> {
    everywhere(async |shop| {
        shop.provider.lose_next_answer("capture");
        let (order, parcel) = sent(shop).await?;
        shop.until(&order.payment_stream(), "PaymentOutcomeUnknown").await?;
        shop.deliver(parcel).await?;
        shop.clock.advance_by(INQUIRY);
        shop.until(&order.stream(), "OrderPaymentCaptured").await?;
        shop.settles_as(order, OrderStatus::Delivered).await?;
        assert_eq!(shop.provider.moved(order), (2_490, 0));
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn confirming_at_the_bank_pays_and_refusing_allows_another_payment_method() -> Result<()> {
    everywhere(async |shop| {
        let approved = shop.place_paying(TEA, "tok_action").await?;
        let refused = shop.place_paying(TEA, "tok_action").await?;
        for order in [approved, refused] {
            shop.until(&order.payment_stream(), "PaymentActionRequired").await?;
        }
        shop.come_back(approved, ActionOutcome::Approved).await?;
        shop.come_back(refused, ActionOutcome::Refused).await?;
        shop.settles_as(approved, OrderStatus::Confirmed).await?;
        shop.settles_as(refused, OrderStatus::StockConfirmed).await?;
        shop.retry_payment(refused, "tok_ok").await?;
        shop.until(&refused.stream(), "OrderConfirmed").await?;
        shop.settles_as(refused, OrderStatus::Confirmed).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmation_at_the_bank_after_the_end_of_the_order_charges_nothing() -> Result<()> {
    everywhere(async |shop| {
        let cancelled = shop.place_paying(TEA, "tok_action").await?;
        let expired = shop.place_paying(TEA, "tok_action").await?;
        for order in [cancelled, expired] {
            shop.until(&order.payment_stream(), "PaymentActionRequired").await?;
        }
        shop.cancel(cancelled).await?;
        shop.clock.advance_by(Duration::from_secs(16 * 60));
        shop.until(&expired.stream(), "OrderExpired").await?;
        for order in [cancelled, expired] {
            shop.until(&order.payment_stream(), "PaymentCancelled").await?;
            // The payment is either refused or voided; in both cases nothing is charged.
            let answer = shop.come_back(order, ActionOutcome::Approved).await;
            assert!(!matches!(answer, Err(command_api::CommandError::Internal(_))), "{answer:?}");
            shop.settle().await?;
            let payment = order.payment_stream();
            let (authorized, voided) = (
                shop.count(&payment, "PaymentAuthorized").await?,
                shop.count(&payment, "PaymentVoided").await?,
            );
            assert_eq!(authorized, voided);
        }
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_declined_too_often_cancels_the_order_and_releases_the_stock() -> Result<()> {
    everywhere(async |shop| {
        let order = shop.place_paying(TEA, "tok_decline").await?;
        for tries in 1..3 {
            shop.until_times(&order.stream(), "OrderPaymentFailed", tries).await?;
            shop.retry_payment(order, "tok_decline").await?;
        }
        shop.until(&order.stream(), "OrderCancelled").await?;
        shop.settles_as(order, OrderStatus::Cancelled).await?;
        assert_eq!(shop.count(&order.reservation_stream(), "ReservationReleased").await?, 1);
        Ok(())
    })
    .await
}
