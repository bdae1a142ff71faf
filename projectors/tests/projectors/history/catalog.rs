//! Products and categories.

use std::collections::BTreeMap;

use schemas::category::{CategoryCreated, CategoryDeleted, CategoryEvent, CategoryMoved, CategoryRenamed};
use schemas::product::{
    Change, PriceSet, ProductArchived, ProductAttributesSet, ProductCategorised, ProductCreated,
    ProductDetailsChanged, ProductEvent, ProductMediaAdded, ProductPublished, ProductUnpublished, TaxClass,
    VariantAdded, VariantChanged, VariantDetails, VariantDiscontinued,
};
use schemas::{CategoryId, Topic};

use super::{Scenario, day, euros, product_id, sku};

fn category_id(number: u32) -> CategoryId {
    CategoryId::derived(&[&number.to_string()])
}

pub fn product(scenario: &mut Scenario, number: u32) {
    scenario.begin();
    let product_id = product_id(number);
    let stream = product_id.stream();
    let emit = |scenario: &mut Scenario, event: ProductEvent| {
        scenario.emit::<ProductEvent>(Topic::PRODUCT, stream.clone(), event);
    };
    let created = ProductCreated {
        product_id,
        slug: format!("tea-{number}").parse().unwrap(),
        title: format!("Green Tea No. {number}"),
        description: "Leaves.".to_owned(),
        brand: Some("Hill".to_owned()),
        category_ids: vec![category_id(number)],
        attributes: BTreeMap::new(),
        tax_class: TaxClass::Reduced,
    };
    emit(scenario, created.into());
    emit(scenario, VariantAdded { product_id, sku: sku(number), details: details(100) }.into());
    for _ in 0..scenario.number(40) {
        let event = something(scenario, number);
        emit(scenario, event);
    }
    if scenario.chance(0.3) {
        emit(scenario, ProductArchived { product_id, reason: None }.into());
    }
}

fn details(grams: u32) -> VariantDetails {
    VariantDetails {
        options: BTreeMap::from([("size".to_owned(), format!("{grams} g"))]),
        barcode: None,
        weight_grams: Some(grams),
        track_stock: true,
        max_per_order: Some(9),
    }
}

fn something(scenario: &mut Scenario, number: u32) -> ProductEvent {
    let product_id = product_id(number);
    let other = format!("TEA-{number}-b").parse().unwrap();
    match scenario.number(10) {
        0 => VariantAdded { product_id, sku: other, details: details(250) }.into(),
        1 => VariantChanged { product_id, sku: sku(number), details: details(90) }.into(),
        2 => VariantDiscontinued { product_id, sku: if scenario.chance(0.5) { other } else { sku(number) } }
            .into(),
        3 => ProductPublished { product_id, reason: None }.into(),
        4 => ProductUnpublished { product_id, reason: None }.into(),
        5 => ProductCategorised { product_id, old: Vec::new(), new: vec![category_id(scenario.number(5))] }
            .into(),
        6 => ProductMediaAdded { product_id, url: "/a.webp".to_owned(), alt: "A cup".to_owned() }.into(),
        7 => {
            let attributes = BTreeMap::from([("origin".to_owned(), format!("hill {}", scenario.number(9)))]);
            ProductAttributesSet { product_id, attributes }.into()
        }
        8 => {
            let change = Change { old: None, new: Some(format!("Black Tea {}", scenario.number(9))) };
            ProductDetailsChanged { product_id, changed: BTreeMap::from([("title".to_owned(), change)]) }
                .into()
        }
        _ => PriceSet {
            product_id,
            sku: if scenario.chance(0.5) { other } else { sku(number) },
            old: None,
            new: euros(100 + scenario.number(900)),
            compare_at: None,
            effective_from: day(0),
            reason: None,
        }
        .into(),
    }
}

pub fn categories(scenario: &mut Scenario) {
    scenario.begin();
    let emit = |scenario: &mut Scenario, event: CategoryEvent| {
        scenario.emit::<CategoryEvent>(Topic::CATEGORY, schemas::category::stream(), event);
    };
    for number in 0..5 {
        let slug = format!("category-{number}").parse().unwrap();
        let parent = (number > 0).then(|| category_id(0));
        let name = format!("Category {number}");
        emit(scenario, CategoryCreated { category_id: category_id(number), slug, name, parent }.into());
    }
    for _ in 0..scenario.number(10) {
        let category_id = category_id(scenario.number(5));
        let event = match scenario.number(3) {
            0 => {
                CategoryRenamed { category_id, old: String::new(), new: format!("C {}", scenario.number(9)) }
                    .into()
            }
            1 => CategoryMoved { category_id, old_parent: None, new_parent: None }.into(),
            _ => CategoryDeleted { category_id, name: String::new() }.into(),
        };
        emit(scenario, event);
    }
}
