//! Money that cannot be taken, comes twice, or nobody knows about.

use std::time::Duration;

use anyhow::{Context as _, Result};
use chorale::statements::orders::Orders;
use chorale::statements::payments::Payments;
use command_api::inputs::ActionOutcome;
use e2e::Embedded;
use schemas::life_cycle::{HoldReason, OrderStatus, WayOut};
use schemas::{OrderId, ShipmentId};

use super::everywhere;

const TEA: &[(&str, u32)] = &[("TEA-100", 2)];
/// Longer than goods can be returned.
const RETURNS: Duration = Duration::from_secs(15 * 24 * 3600);
/// Longer than the provider is given before it is asked.
const INQUIRY: Duration = Duration::from_secs(61);

async fn sent(shop: &Embedded) -> Result<(OrderId, ShipmentId)> {
    let order = shop.place_order(TEA).await?;
    let parcel = shop.parcel(order, "central")?;
    shop.send(parcel).await?;
    Ok((order, parcel))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capture_that_failed_is_retried_when_a_human_says_so() -> Result<()> {
    everywhere(async |shop| {
        shop.provider.fail_next("capture", "CARD_BLOCKED");
        let (order, parcel) = sent(shop).await?;
        shop.until(&order.stream(), "OrderPutOnHold").await?;
        assert_eq!(shop.provider.moved(order), (0, 0));
        shop.resolve(order, HoldReason::CaptureFailed, Some(parcel), WayOut::RetryCapture).await?;
        shop.until(&order.stream(), "OrderPaymentCaptured").await?;
        shop.comes_to(order, OrderStatus::Shipped).await?;
        assert_eq!(shop.provider.moved(order), (2_490, 0));
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capture_that_failed_is_written_off_when_a_human_says_so() -> Result<()> {
    everywhere(async |shop| {
        shop.provider.fail_next("capture", "CARD_BLOCKED");
        let (order, parcel) = sent(shop).await?;
        shop.until(&order.stream(), "OrderPutOnHold").await?;
        shop.resolve(order, HoldReason::CaptureFailed, Some(parcel), WayOut::Release).await?;
        shop.deliver(parcel).await?;
        shop.comes_to(order, OrderStatus::Delivered).await?;
        shop.clock.advance_by(RETURNS);
        shop.until(&order.stream(), "OrderCompleted").await?;
        assert_eq!(shop.provider.moved(order), (0, 0));
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parcel_that_was_written_off_excuses_its_own_money_and_no_more() -> Result<()> {
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
        shop.rest().await?;

        let (mut orders, payments) = (Orders::read(shop).await?, Payments::read(shop).await?);
        assert!(payments.agree_with(&orders).holds);
        let story = orders.stories.get_mut(&order).context("it was placed")?;
        assert_eq!((story.written_off(), story.captured), (2_490, 1_500));
        story.grand += 1;
        assert!(!payments.agree_with(&orders).holds, "a cent is missing, and nobody wrote it off");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_parcel_that_was_written_off_needs_no_money_when_its_capture_fails() -> Result<()> {
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
        shop.comes_to(order, OrderStatus::Completed).await?;
        assert_eq!(shop.provider.moved(order), (0, 0));
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_parcel_is_refunded_whether_its_money_was_taken_before_or_after() -> Result<()> {
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
                // Nothing had been taken, so nothing was given back. Now it is taken after all: a human again.
                shop.until(&order.stream(), "OrderHoldReleased").await?;
                shop.provider.release("capture");
                shop.until_times(&order.stream(), "OrderPutOnHold", 2).await?;
                shop.resolve(order, HoldReason::ShipmentLost, Some(parcel), WayOut::Refund).await?;
            }
            shop.until(&order.stream(), "OrderRefunded").await?;
            shop.rest().await?;
            let (taken, given) = shop.provider.moved(order);
            assert_eq!((taken, given), (2_490, 2_490), "{:?}", shop.story(order).await?.names());
            Ok(())
        })
        .await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_failed_is_tried_again_when_a_human_says_so() -> Result<()> {
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
        shop.rest().await?;
        assert_eq!(shop.provider.moved(order), (2_490, 2_490));
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authorisation_that_nobody_answered_is_asked_about_and_never_made_twice() -> Result<()> {
    everywhere(async |shop| {
        shop.provider.lose_next_answer("authorize");
        let order = shop.place_order(TEA).await?;
        shop.until(&order.payment_stream(), "PaymentOutcomeUnknown").await?;
        shop.clock.advance_by(INQUIRY);
        shop.until(&order.stream(), "OrderConfirmed").await?;
        shop.comes_to(order, OrderStatus::Confirmed).await?;
        assert_eq!(shop.count(&order.payment_stream(), "PaymentAuthorized").await?, 1);
        assert_eq!(shop.count(&order.payment_stream(), "PaymentRequested").await?, 1);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_never_arrived_is_found_out_by_asking() -> Result<()> {
    everywhere(async |shop| {
        shop.provider.lose_next_call("capture");
        let (order, _) = sent(shop).await?;
        shop.until(&order.payment_stream(), "PaymentOutcomeUnknown").await?;
        shop.clock.advance_by(INQUIRY);
        shop.until(&order.stream(), "OrderPaymentCaptured").await?;
        shop.comes_to(order, OrderStatus::Shipped).await?;
        assert_eq!(shop.provider.moved(order), (2_490, 0));
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capture_whose_answer_was_lost_takes_the_money_once() -> Result<()> {
    everywhere(async |shop| {
        shop.provider.lose_next_answer("capture");
        let (order, parcel) = sent(shop).await?;
        shop.until(&order.payment_stream(), "PaymentOutcomeUnknown").await?;
        shop.deliver(parcel).await?;
        shop.clock.advance_by(INQUIRY);
        shop.until(&order.stream(), "OrderPaymentCaptured").await?;
        shop.comes_to(order, OrderStatus::Delivered).await?;
        assert_eq!(shop.provider.moved(order), (2_490, 0));
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_confirms_at_the_bank_has_paid_and_one_who_refuses_may_pay_otherwise() -> Result<()> {
    everywhere(async |shop| {
        let approved = shop.place_paying(TEA, "tok_action").await?;
        let refused = shop.place_paying(TEA, "tok_action").await?;
        for order in [approved, refused] {
            shop.until(&order.payment_stream(), "PaymentActionRequired").await?;
        }
        shop.come_back(approved, ActionOutcome::Approved).await?;
        shop.come_back(refused, ActionOutcome::Refused).await?;
        shop.comes_to(approved, OrderStatus::Confirmed).await?;
        shop.comes_to(refused, OrderStatus::StockConfirmed).await?;
        shop.retry_payment(refused, "tok_ok").await?;
        shop.until(&refused.stream(), "OrderConfirmed").await?;
        shop.comes_to(refused, OrderStatus::Confirmed).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_confirms_after_the_order_is_over_is_not_charged() -> Result<()> {
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
            // Whether it is refused or let go again, nobody is charged.
            let answer = shop.come_back(order, ActionOutcome::Approved).await;
            assert!(!matches!(answer, Err(command_api::CommandError::Internal(_))), "{answer:?}");
            shop.rest().await?;
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
async fn a_payment_declined_too_often_cancels_the_order_and_gives_the_stock_back() -> Result<()> {
    everywhere(async |shop| {
        let order = shop.place_paying(TEA, "tok_decline").await?;
        for tries in 1..3 {
            shop.until_times(&order.stream(), "OrderPaymentFailed", tries).await?;
            shop.retry_payment(order, "tok_decline").await?;
        }
        shop.until(&order.stream(), "OrderCancelled").await?;
        shop.comes_to(order, OrderStatus::Cancelled).await?;
        assert_eq!(shop.count(&order.reservation_stream(), "ReservationReleased").await?, 1);
        Ok(())
    })
    .await
}
