use domain::claims::SKU;
use domain::given::{given, noon, nothing_yet};
use domain::product::{AddVariant, ChangeVariant, DiscontinueVariant, Product, Publish, SetPrice};
use schemas::product::{PriceSet, ProductEvent, VariantChanged, VariantDetails, VariantDiscontinued};
use schemas::{Currency, Money, ProductId};

use crate::product::{added, archived, created, details, priced, rules, shop, sku, tea};

fn add() -> AddVariant {
    AddVariant { product_id: tea(), sku: sku("TEA-100"), details: details() }
}

fn discontinue() -> DiscontinueVariant {
    DiscontinueVariant { product_id: tea(), sku: sku("TEA-100") }
}

fn discontinued() -> ProductEvent {
    VariantDiscontinued { product_id: tea(), sku: sku("TEA-100") }.into()
}

fn price(price: Money) -> SetPrice {
    SetPrice { product_id: tea(), sku: sku("TEA-100"), price, compare_at: None, reason: None, rules: rules() }
}

#[test]
fn a_variant_is_added_once_and_takes_its_sku() {
    let shop = shop([created()]).when(&add()).then(&[added()]).again().nothing().after();
    let other =
        AddVariant { details: VariantDetails { barcode: Some("1".to_owned()), ..details() }, ..add() };
    shop.when(&other).refused("VARIANT_EXISTS");
}

#[test]
fn a_sku_belongs_to_one_product() {
    let other = ProductId::derived(&["other"]);
    let taken = shop([created()]).and_claimed(SKU, "TEA-200", &other.stream());
    let add = AddVariant { sku: sku("TEA-200"), ..add() };
    let refusal = taken.when(&add).refused("SKU_TAKEN");
    assert_eq!(refusal.errors[0].field.as_deref(), Some("sku"));
    nothing_yet().when(&add).refused("NOT_FOUND");
}

#[test]
fn skus_are_unique_without_regard_to_case() {
    let other = ProductId::derived(&["other"]).stream();
    // Claims from before case was ignored are SKUs as they were written.
    for claimed in ["TEA-200", "tea-200", "Tea-200"] {
        let taken = shop([created()]).and_claimed(SKU, claimed, &other);
        taken.when(&AddVariant { sku: sku("Tea-200"), ..add() }).refused("SKU_TAKEN");
    }
    let added =
        shop([created()]).when(&AddVariant { sku: sku("Tea-200"), ..add() }).again().nothing().after();
    for same in ["TEA-200", "tea-200", "tEA-200"] {
        let refusal = added.when(&AddVariant { sku: sku(same), ..add() }).refused("SKU_TAKEN");
        assert!(refusal.message.contains("Tea-200"), "{refusal}");
    }
    let elsewhere = given::<Product>(other, [created()]).and_claimed(SKU, "TEA-200", &tea().stream());
    let product_id = ProductId::derived(&["other"]);
    elsewhere.when(&AddVariant { product_id, sku: sku("tEa-200"), ..add() }).refused("SKU_TAKEN");
    assert_eq!(
        shop([created()]).when(&AddVariant { sku: sku("Tea-200"), ..add() }).changes().claimed[0].0.value,
        "TEA-200"
    );
}

#[test]
fn a_variant_has_a_bounded_weight_and_quantity() {
    for wrong in [100_000_001, u32::MAX] {
        let heavy =
            AddVariant { details: VariantDetails { weight_grams: Some(wrong), ..details() }, ..add() };
        let refusal = shop([created()]).when(&heavy).refused("OUT_OF_RANGE");
        assert_eq!(refusal.errors[0].field.as_deref(), Some("weightGrams"));
    }
    for wrong in [0, 1_000_001, u32::MAX] {
        let many =
            AddVariant { details: VariantDetails { max_per_order: Some(wrong), ..details() }, ..add() };
        let refusal = shop([created()]).when(&many).refused("OUT_OF_RANGE");
        assert_eq!(refusal.errors[0].field.as_deref(), Some("maxPerOrder"));
    }
    let most =
        VariantDetails { weight_grams: Some(100_000_000), max_per_order: Some(1_000_000), ..details() };
    shop([created()]).when(&AddVariant { details: most, ..add() }).events(1);
}

#[test]
fn a_product_has_at_most_a_hundred_variants() {
    let mut shop = shop([created()]);
    for i in 0..100 {
        shop.run(&AddVariant { sku: sku(&format!("T-{i}")), ..add() }).unwrap();
    }
    shop.when(&AddVariant { sku: sku("T-100"), ..add() }).refused("TOO_MANY");
}

#[test]
fn a_variant_is_changed_once() {
    let details = VariantDetails { max_per_order: Some(3), track_stock: false, ..details() };
    let change = ChangeVariant { product_id: tea(), sku: sku("TEA-100"), details: details.clone() };
    let expected = VariantChanged { product_id: tea(), sku: sku("TEA-100"), details: details.clone() };
    shop([created(), added()]).when(&change).then::<ProductEvent>(&[expected.into()]).again().nothing();
    shop([created()]).when(&change).refused("NOT_FOUND");
    let none =
        ChangeVariant { details: VariantDetails { max_per_order: Some(0), ..details }, ..change.clone() };
    shop([created(), added()]).when(&none).refused("OUT_OF_RANGE");
    shop([created(), added(), discontinued()]).when(&change).refused("VARIANT_DISCONTINUED");
}

#[test]
fn a_variant_is_discontinued_once_and_for_good() {
    let on_sale = shop([created(), added(), priced(590)]);
    let shop = on_sale.when(&discontinue()).then(&[discontinued()]).again().nothing().after();
    shop.when(&add()).refused("VARIANT_DISCONTINUED");
    shop.when(&price(Currency::EUR.minor(1))).refused("VARIANT_DISCONTINUED");
    shop.when(&Publish { product_id: tea(), reason: None }).refused("PRICE_MISSING");
    shop.when(&DiscontinueVariant { product_id: tea(), sku: sku("TEA-200") }).refused("NOT_FOUND");
}

#[test]
fn a_price_is_set_once_and_the_event_states_the_previous_price() {
    shop([created(), added()]).when(&price(Currency::EUR.minor(590))).then(&[priced(590)]).again().nothing();
    let set = PriceSet {
        product_id: tea(),
        sku: sku("TEA-100"),
        old: Some(Currency::EUR.minor(590)),
        new: Currency::EUR.minor(490),
        compare_at: Some(Currency::EUR.minor(590)),
        effective_from: noon(),
        reason: Some("Sale".to_owned()),
    };
    let sale = SetPrice {
        compare_at: Some(Currency::EUR.minor(590)),
        reason: Some("Sale".to_owned()),
        ..price(Currency::EUR.minor(490))
    };
    shop([created(), added(), priced(590)]).when(&sale).then::<ProductEvent>(&[set.into()]).again().nothing();
}

#[test]
fn a_variant_can_have_prices_in_two_currencies() {
    let both =
        shop([created(), added(), priced(590)]).when(&price(Currency::USD.minor(690))).events(1).after();
    both.when(&price(Currency::EUR.minor(590))).nothing();
    both.when(&price(Currency::USD.minor(690))).nothing();
}

#[test]
fn a_price_is_not_negative_in_an_allowed_currency_and_of_a_variant_that_is_sold() {
    let yen: Currency = "JPY".parse().unwrap();
    let shop_now = shop([created(), added()]);
    let refusal = shop_now.when(&price(yen.minor(-1))).refused("CURRENCY_NOT_ALLOWED");
    let fields: Vec<_> = refusal.errors.iter().filter_map(|error| error.field.as_deref()).collect();
    assert_eq!(fields, ["price.currency", "price.minor"]);
    shop_now.when(&price(Currency::EUR.minor(-1))).refused("NEGATIVE_PRICE");
    shop_now.when(&price(Currency::EUR.minor(i64::MAX))).refused("OUT_OF_RANGE");
    shop_now.when(&price(Currency::EUR.minor(0))).events(1);
    let worse = SetPrice { compare_at: Some(Currency::EUR.minor(590)), ..price(Currency::EUR.minor(590)) };
    shop_now.when(&worse).refused("COMPARE_AT_TOO_LOW");
    shop([created()]).when(&price(Currency::EUR.minor(1))).refused("NOT_FOUND");
    shop([created(), added(), archived()]).when(&price(Currency::EUR.minor(1))).refused("PRODUCT_ARCHIVED");
}
