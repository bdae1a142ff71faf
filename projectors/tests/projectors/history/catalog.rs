//! Products and categories.

use std::collections::BTreeMap;

use schemas::category::{CategoryCreated, CategoryDeleted, CategoryEvent, CategoryMoved, CategoryRenamed};
use schemas::product::{
    Change, PriceSet, ProductArchived, ProductAttributesSet, ProductCategorised, ProductCreated,
    ProductDetailsChanged, ProductEvent, ProductMediaAdded, ProductPublished, ProductUnpublished, TaxClass,
    VariantAdded, VariantChanged, VariantDetails, VariantDiscontinued,
};
use schemas::{CategoryId, Topic};

use super::{Teller, day, euros, product_id, sku};

fn category_id(number: u32) -> CategoryId {
    CategoryId::derived(&[&number.to_string()])
}

pub fn product(teller: &mut Teller, number: u32) {
    teller.begin();
    let product_id = product_id(number);
    let stream = product_id.stream();
    let tell = |teller: &mut Teller, event: ProductEvent| {
        teller.tell::<ProductEvent>(Topic::PRODUCT, stream.clone(), event);
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
    tell(teller, created.into());
    tell(teller, VariantAdded { product_id, sku: sku(number), details: details(100) }.into());
    for _ in 0..teller.number(40) {
        let event = something(teller, number);
        tell(teller, event);
    }
    if teller.chance(0.3) {
        tell(teller, ProductArchived { product_id, reason: None }.into());
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

fn something(teller: &mut Teller, number: u32) -> ProductEvent {
    let product_id = product_id(number);
    let other = format!("TEA-{number}-b").parse().unwrap();
    match teller.number(10) {
        0 => VariantAdded { product_id, sku: other, details: details(250) }.into(),
        1 => VariantChanged { product_id, sku: sku(number), details: details(90) }.into(),
        2 => VariantDiscontinued { product_id, sku: if teller.chance(0.5) { other } else { sku(number) } }
            .into(),
        3 => ProductPublished { product_id, reason: None }.into(),
        4 => ProductUnpublished { product_id, reason: None }.into(),
        5 => ProductCategorised { product_id, old: Vec::new(), new: vec![category_id(teller.number(5))] }
            .into(),
        6 => ProductMediaAdded { product_id, url: "/a.webp".to_owned(), alt: "A cup".to_owned() }.into(),
        7 => {
            let attributes = BTreeMap::from([("origin".to_owned(), format!("hill {}", teller.number(9)))]);
            ProductAttributesSet { product_id, attributes }.into()
        }
        8 => {
            let change = Change { old: None, new: Some(format!("Black Tea {}", teller.number(9))) };
            ProductDetailsChanged { product_id, changed: BTreeMap::from([("title".to_owned(), change)]) }
                .into()
        }
        _ => PriceSet {
            product_id,
            sku: if teller.chance(0.5) { other } else { sku(number) },
            old: None,
            new: euros(100 + teller.number(900)),
            compare_at: None,
            effective_from: day(0),
            reason: None,
        }
        .into(),
    }
}

pub fn categories(teller: &mut Teller) {
    teller.begin();
    let tell = |teller: &mut Teller, event: CategoryEvent| {
        teller.tell::<CategoryEvent>(Topic::CATEGORY, schemas::category::stream(), event);
    };
    for number in 0..5 {
        let slug = format!("category-{number}").parse().unwrap();
        let parent = (number > 0).then(|| category_id(0));
        let name = format!("Category {number}");
        tell(teller, CategoryCreated { category_id: category_id(number), slug, name, parent }.into());
    }
    for _ in 0..teller.number(10) {
        let category_id = category_id(teller.number(5));
        let event = match teller.number(3) {
            0 => CategoryRenamed { category_id, old: String::new(), new: format!("C {}", teller.number(9)) }
                .into(),
            1 => CategoryMoved { category_id, old_parent: None, new_parent: None }.into(),
            _ => CategoryDeleted { category_id, name: String::new() }.into(),
        };
        tell(teller, event);
    }
}
