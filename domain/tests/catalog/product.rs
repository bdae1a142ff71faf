use std::collections::BTreeMap;
use std::sync::Arc;

use domain::ShopRules;
use domain::category::Categories;
use domain::claims::{SKU, SLUG};
use domain::given::{Given, given, noon, nothing_yet};
use domain::product::{
    AddMedia, Archive, Categorise, ChangeDetails, CreateProduct, Product, Publish, SetAttributes, Unpublish,
};
use schemas::product::{
    Change, PriceSet, ProductArchived, ProductAttributesSet, ProductCategorised, ProductCreated,
    ProductDetailsChanged, ProductEvent, ProductMediaAdded, ProductPublished, ProductUnpublished, TaxClass,
    VariantAdded, VariantDetails,
};
use schemas::{Currency, ProductId, Sku};
use serde_json::json;

use crate::category::{self, id};

pub fn tea() -> ProductId {
    ProductId::derived(&["tea"])
}

pub fn sku(text: &str) -> Sku {
    text.parse().unwrap()
}

pub fn rules() -> Arc<ShopRules> {
    Arc::default()
}

pub fn details() -> VariantDetails {
    VariantDetails {
        options: BTreeMap::from([("size".to_owned(), "100 g".to_owned())]),
        barcode: None,
        weight_grams: Some(120),
        track_stock: true,
        max_per_order: None,
    }
}

pub fn created() -> ProductEvent {
    let created = ProductCreated {
        product_id: tea(),
        slug: "green-tea".parse().unwrap(),
        title: "Green tea".to_owned(),
        description: String::new(),
        brand: None,
        category_ids: vec![id("drinks")],
        attributes: BTreeMap::new(),
        tax_class: TaxClass::Reduced,
    };
    created.into()
}

pub fn added() -> ProductEvent {
    VariantAdded { product_id: tea(), sku: sku("TEA-100"), details: details() }.into()
}

pub fn priced(minor: i64) -> ProductEvent {
    let set = PriceSet {
        product_id: tea(),
        sku: sku("TEA-100"),
        old: None,
        new: Currency::EUR.minor(minor),
        compare_at: None,
        effective_from: noon(),
        reason: None,
    };
    set.into()
}

pub fn published() -> ProductEvent {
    ProductPublished { product_id: tea(), reason: None }.into()
}

pub fn archived() -> ProductEvent {
    ProductArchived { product_id: tea(), reason: None }.into()
}

/// A catalog with one category, and with these events in the stream of the tea.
pub fn shop(events: impl IntoIterator<Item = ProductEvent>) -> Given {
    let tree = [category::created("drinks", None), category::created("food", None)];
    given::<Product>(tea().stream(), events)
        .and::<Categories>(schemas::category::stream(), tree)
        .and_claimed(SLUG, "green-tea", &tea().stream())
        .and_claimed(SKU, "TEA-100", &tea().stream())
}

fn create() -> CreateProduct {
    CreateProduct {
        product_id: tea(),
        slug: "green-tea".parse().unwrap(),
        title: "Green tea".to_owned(),
        description: String::new(),
        brand: None,
        category_ids: vec![id("drinks")],
        attributes: BTreeMap::new(),
        tax_class: TaxClass::Reduced,
    }
}

fn change() -> ChangeDetails {
    ChangeDetails {
        product_id: tea(),
        title: None,
        description: None,
        brand: None,
        slug: None,
        tax_class: None,
    }
}

fn publish() -> Publish {
    Publish { product_id: tea(), reason: None }
}

#[test]
fn a_product_is_created_once_and_takes_its_slug() {
    let drinks =
        nothing_yet().and::<Categories>(schemas::category::stream(), [category::created("drinks", None)]);
    let create = create();
    let then = drinks.when(&create).then(&[created()]);
    assert_eq!(
        then.again().nothing().changes().answer,
        Some(json!({ "productId": tea(), "slug": "green-tea" }))
    );
    let changes = drinks.when(&create).changes();
    assert_eq!(changes.claimed.len(), 1);
    assert_eq!((changes.claimed[0].0.kind, changes.claimed[0].1.clone()), (SLUG, tea().stream()));
}

#[test]
fn creating_reports_all_errors_at_once() {
    let wrong = CreateProduct {
        product_id: ProductId::derived(&["other"]),
        title: "x".repeat(201),
        description: "x".repeat(5_001),
        brand: Some(String::new()),
        category_ids: vec![id("drinks"), id("nowhere")],
        attributes: BTreeMap::from([("k".repeat(51), "v".repeat(201))]),
        ..create()
    };
    let refusal = shop([created()]).when(&wrong).refused("TOO_LONG");
    let codes: Vec<_> = refusal.errors.iter().map(|error| error.code.as_str()).collect();
    let expected =
        ["TOO_LONG", "TOO_LONG", "REQUIRED", "TOO_LONG", "INVALID_KEY", "UNKNOWN_CATEGORY", "SLUG_TAKEN"];
    assert_eq!(codes, expected);
    assert_eq!(refusal.errors[5].field.as_deref(), Some("categoryIds[1]"));
}

#[test]
fn an_id_that_is_taken_by_another_product_is_refused() {
    let other = CreateProduct { title: "Black tea".to_owned(), ..create() };
    shop([created()]).when(&other).refused("PRODUCT_EXISTS");
    shop([created(), archived()]).when(&create()).refused("PRODUCT_ARCHIVED");
}

#[test]
fn details_are_changed_once_and_only_what_differs_is_told() {
    let change = ChangeDetails {
        title: Some("Green tea".to_owned()),
        brand: Some(Some("Leaf".to_owned())),
        tax_class: Some(TaxClass::Standard),
        ..change()
    };
    let changed = BTreeMap::from([
        ("brand".to_owned(), Change { old: None, new: Some("Leaf".to_owned()) }),
        ("taxClass".to_owned(), Change { old: Some("REDUCED".to_owned()), new: Some("STANDARD".to_owned()) }),
    ]);
    let expected = ProductDetailsChanged { product_id: tea(), changed };
    shop([created()]).when(&change).then::<ProductEvent>(&[expected.into()]).again().nothing();
}

#[test]
fn a_new_slug_frees_the_old_one() {
    let change = ChangeDetails { slug: Some("sencha".parse().unwrap()), ..change() };
    let then = shop([created()]).when(&change).events(1);
    let shop = then.again().nothing().after();
    let second = CreateProduct { product_id: ProductId::derived(&["second"]), ..create() };
    shop.when(&second).events(1);
    let third = CreateProduct { slug: "sencha".parse().unwrap(), ..second };
    shop.when(&third).refused("SLUG_TAKEN");
}

#[test]
fn details_of_nothing_or_with_the_slug_of_another_are_refused() {
    nothing_yet().when(&change()).refused("NOT_FOUND");
    let other = ProductId::derived(&["other"]);
    let taken = shop([created()]).and_claimed(SLUG, "sencha", &other.stream());
    let change =
        ChangeDetails { slug: Some("sencha".parse().unwrap()), title: Some("\n".to_owned()), ..change() };
    let refusal = taken.when(&change).refused("REQUIRED");
    assert!(refusal.errors.iter().any(|error| error.code == "SLUG_TAKEN"));
}

#[test]
fn a_product_is_categorised_once_in_categories_that_exist() {
    let categorise = Categorise { product_id: tea(), category_ids: vec![id("food")] };
    let expected = ProductCategorised { product_id: tea(), old: vec![id("drinks")], new: vec![id("food")] };
    shop([created()]).when(&categorise).then::<ProductEvent>(&[expected.into()]).again().nothing();
    let nowhere = Categorise { product_id: tea(), category_ids: vec![id("nowhere")] };
    shop([created()]).when(&nowhere).refused("UNKNOWN_CATEGORY");
    let twice = Categorise { product_id: tea(), category_ids: vec![id("food"), id("food")] };
    shop([created()]).when(&twice).refused("DUPLICATE");
    let many = Categorise { product_id: tea(), category_ids: vec![id("food"); 21] };
    shop([created()]).when(&many).refused("TOO_MANY");
}

#[test]
fn attributes_are_replaced_once() {
    let attributes = BTreeMap::from([("origin".to_owned(), "Uji".to_owned())]);
    let set = SetAttributes { product_id: tea(), attributes: attributes.clone() };
    let expected = ProductAttributesSet { product_id: tea(), attributes };
    shop([created()]).when(&set).then::<ProductEvent>(&[expected.into()]).again().nothing();
    let many = (0..51).map(|i| (format!("k{i}"), "v".to_owned())).collect();
    shop([created()]).when(&SetAttributes { product_id: tea(), attributes: many }).refused("TOO_MANY");
}

#[test]
fn a_medium_is_added_once_from_an_address_that_a_browser_may_follow() {
    let medium =
        |url: &str, alt: &str| AddMedia { product_id: tea(), url: url.to_owned(), alt: alt.to_owned() };
    for url in ["https://example.org/tea.jpg", "http://[::1]/tea.jpg", "/media/tea.jpg", "media/tea.jpg?w=2"]
    {
        let expected = ProductMediaAdded { product_id: tea(), url: url.to_owned(), alt: "A cup".to_owned() };
        shop([created()])
            .when(&medium(url, "A cup"))
            .then::<ProductEvent>(&[expected.into()])
            .again()
            .nothing();
    }
    for url in [
        "javascript:alert(1)",
        "//evil.example/x",
        "data:text/html,x",
        "ftp://x/y",
        "a b",
        "http://",
        "\\\\x",
    ] {
        shop([created()]).when(&medium(url, "A cup")).refused("INVALID_URL");
    }
    shop([created()]).when(&medium("", "A cup")).refused("REQUIRED");
    let cup = shop([created()]).when(&medium("/tea.jpg", "A cup")).after();
    cup.when(&medium("/tea.jpg", "A pot")).refused("MEDIUM_EXISTS");
}

#[test]
fn a_product_with_a_priced_variant_is_published_once() {
    shop([created(), added(), priced(590)]).when(&publish()).then(&[published()]).again().nothing();
    shop([created(), added()]).when(&publish()).refused("PRICE_MISSING");
    shop([created()]).when(&publish()).refused("PRICE_MISSING");
}

#[test]
fn a_product_is_unpublished_once_and_can_be_published_again() {
    let unpublish = Unpublish { product_id: tea(), reason: Some("Spoilt".to_owned()) };
    let expected = ProductUnpublished { product_id: tea(), reason: Some("Spoilt".to_owned()) };
    let then = shop([created(), added(), priced(590), published()]).when(&unpublish);
    let hidden = then.then::<ProductEvent>(&[expected.into()]).again().nothing().after();
    hidden.when(&publish()).then(&[published()]);
    nothing_yet().when(&unpublish).refused("NOT_FOUND");
    let wordy = Unpublish { reason: Some("x".repeat(201)), ..unpublish };
    shop([created(), added(), priced(590), published()]).when(&wordy).refused("TOO_LONG");
}

#[test]
fn archived_once_a_product_refuses_everything_else() {
    let archive = Archive { product_id: tea(), reason: None };
    let then = shop([created(), added(), priced(590), published()]).when(&archive).then(&[archived()]);
    let gone = then.again().nothing().after();
    gone.when(&publish()).refused("PRODUCT_ARCHIVED");
    gone.when(&Unpublish { product_id: tea(), reason: None }).refused("PRODUCT_ARCHIVED");
    gone.when(&change()).refused("PRODUCT_ARCHIVED");
    gone.when(&create()).refused("PRODUCT_ARCHIVED");
    gone.when(&Categorise { product_id: tea(), category_ids: vec![] }).refused("PRODUCT_ARCHIVED");
    gone.when(&SetAttributes { product_id: tea(), attributes: BTreeMap::new() }).refused("PRODUCT_ARCHIVED");
    nothing_yet().when(&archive).refused("NOT_FOUND");
}
