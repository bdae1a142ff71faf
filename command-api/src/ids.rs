//! Ids as callers write them, in paths and in bodies: a UUID, or the global id that queries answer.

use std::str::FromStr;

use platform::global_id;

/// A type of object that callers name by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    Product,
    Category,
    Order,
    Payment,
    Shipment,
}

/// The text is not the id of such an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InvalidId {
    /// It is not an id.
    Malformed,
    /// It is the global id of an object of this type.
    OfAnother(String),
}

impl Named {
    /// The name in global ids.
    pub(crate) fn type_name(self) -> &'static str {
        match self {
            Self::Product => "Product",
            Self::Category => "Category",
            Self::Order => "Order",
            Self::Payment => "Payment",
            Self::Shipment => "Shipment",
        }
    }

    /// The name in sentences.
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Category => "category",
            Self::Order => "order",
            Self::Payment => "payment",
            Self::Shipment => "shipment",
        }
    }

    /// The id of an object of this type.
    pub(crate) fn id<T: FromStr>(self, text: &str) -> Result<T, InvalidId> {
        if let Ok(id) = text.parse() {
            return Ok(id);
        }
        match global_id::decode(text) {
            Some((kind, key)) if kind == self.type_name() => key.parse().map_err(|_| InvalidId::Malformed),
            Some((kind, _)) if kind.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
                Err(InvalidId::OfAnother(kind))
            }
            _ => Err(InvalidId::Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use schemas::{CategoryId, ProductId};

    use super::*;

    #[test]
    fn an_id_is_a_uuid_or_a_global_id_of_the_expected_type() {
        let uuid = "0b3c9a52-3c4f-5d0e-9a55-0f7a1f6f6f10";
        let category: CategoryId = uuid.parse().unwrap();
        for text in [uuid.to_owned(), uuid.to_uppercase(), global_id::encode("Category", uuid)] {
            assert_eq!(Named::Category.id(&text), Ok(category), "{text}");
        }
        let another = Named::Product.id::<ProductId>(&global_id::encode("Category", uuid));
        assert_eq!(another, Err(InvalidId::OfAnother("Category".to_owned())));
        let texts = ["", "x", "42", &global_id::encode("Category", "x"), &global_id::encode("<b>", uuid)];
        for text in texts {
            assert_eq!(Named::Category.id::<CategoryId>(text), Err(InvalidId::Malformed), "{text}");
        }
    }
}
