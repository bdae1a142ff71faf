//! What is indexed.

/// A product, as search sees it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// Unique in the index.
    pub id: String,
    /// Rises with every change of the product.
    pub version: u64,
    /// Rises with every change of something else that is in the entry, such as the name of a category or its stock. Of two entries with the
    /// same version the one with the higher revision is newer.
    pub revision: u64,
    /// Who may see it is decided by [`Filters::statuses`](super::Filters::statuses).
    pub status: String,
    pub title: String,
    /// The title's key of collation: entries are sorted by its bytes.
    pub sort_title: String,
    pub description: String,
    pub brand: Option<String>,
    /// The categories that it is in, and all their ancestors.
    pub categories: Vec<Category>,
    /// Attributes and options: names and values. A name may have several values.
    pub attributes: Vec<(String, String)>,
    /// SKUs and barcodes.
    pub codes: Vec<String>,
    /// Lowest price, in minor units; `None` if it has no price.
    pub price: Option<i64>,
    /// Whether it can be bought.
    pub available: bool,
    /// Whether it can be ordered now: units are available, or its stock is not tracked.
    pub in_stock: bool,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Milliseconds since 1970.
    pub updated_at: i64,
}

/// A category, as search sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Category {
    /// Unique in the shop.
    pub id: String,
    /// Its name, which is searched.
    pub name: String,
}
