//! An example of each input that works on a shop with the first catalogue.

use serde_json::{Value, json};

/// An example, by the name of the input's schema. `None`: the input has none of its own.
pub(crate) fn of(input: &str) -> Option<Value> {
    Some(match input {
        "OrderInput" => json!({
            "lines": [{ "sku": "TEA-100", "quantity": 2 }],
            "email": "guest@example.com",
            "shippingAddress": {
                "name": "A Guest",
                "lines": ["1 Harbour Road"],
                "postalCode": "10115",
                "city": "Berlin",
                "country": "DE"
            },
            "paymentToken": "tok_ok"
        }),
        "RetryPaymentInput" => json!({ "paymentToken": "tok_ok" }),
        "CancelInput" => json!({ "reason": "STAFF", "text": "The customer called." }),
        "HoldInput" => json!({ "text": "The address looks odd." }),
        "ResolveHoldInput" => json!({ "reason": "STAFF", "wayOut": "RELEASE" }),
        "NoteInput" => json!({ "note": "Call before delivery." }),
        "PaymentActionInput" => json!({ "outcome": "APPROVED" }),
        "DispatchInput" | "DeliveredInput" | "NothingInput" => json!({}),
        "TrackingInput" => json!({ "status": "In transit", "place": "Hub Leipzig" }),
        "DeliveryAttemptInput" => json!({ "reason": "Nobody was at home" }),
        "LostInput" => json!({ "reason": "Not seen since the hub" }),
        "ReceiveInput" => json!({ "location": "central", "quantity": 20, "reference": "DN-2048" }),
        "AdjustInput" => json!({ "location": "central", "delta": -1, "reason": "DAMAGED" }),
        "TransferInput" => json!({ "from": "central", "to": "north", "quantity": 2 }),
        "ThresholdsInput" => json!({ "lowStock": 5, "safetyStock": 1 }),
        "ProductInput" => json!({
            "slug": "first-flush",
            "title": "First flush",
            "description": "Picked in March.",
            "brand": "Harbour Tea",
            "attributes": { "origin": "Darjeeling" },
            "taxClass": "REDUCED"
        }),
        "DetailsInput" => json!({ "title": "First flush, new harvest", "brand": null }),
        "VariantInput" => json!({ "sku": "FLUSH-100", "options": { "size": "100 g" }, "weightGrams": 120 }),
        "VariantDetailsInput" => {
            json!({ "options": { "size": "100 g" }, "weightGrams": 125, "maxPerOrder": 10 })
        }
        "PriceInput" => json!({ "price": { "minor": 1290, "currencyCode": "EUR" }, "reason": "New harvest" }),
        "PublicationInput" => json!({ "reason": "Season" }),
        "CategoriesInput" => json!({ "categoryIds": [] }),
        "AttributesInput" => json!({ "attributes": { "origin": "Darjeeling", "harvest": "March" } }),
        "MediumInput" => json!({ "url": "/media/first-flush.jpg", "alt": "Leaves in a bowl" }),
        "CategoryInput" => json!({ "slug": "spring-teas", "name": "Spring teas" }),
        "RenameInput" => json!({ "name": "Teas of spring" }),
        "MoveInput" => json!({ "parent": null }),
        "RedriveInput" => json!({
            "context": "inventory",
            "reactor": "inventory-reservations",
            "stream": "order-0198c6f2-0000-7000-8000-000000000000"
        }),
        _ => return None,
    })
}
