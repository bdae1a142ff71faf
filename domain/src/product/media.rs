//! Pictures and films of a product.

use schemas::ProductId;
use schemas::product::ProductMediaAdded;

use super::{Product, limits};
use crate::faults::Faults;
use crate::one_stream::one_stream;
use crate::{Draft, Refusal};

/// Adds a picture or film to a product: at most 50.
#[derive(Clone, Debug)]
pub struct AddMedia {
    /// The product.
    pub product_id: ProductId,
    /// Where it is: an `http` or `https` address, or one relative to the shop. At most 2 000 characters.
    pub url: String,
    /// What it shows, in words: 1 to 500 characters.
    pub alt: String,
}

one_stream!(AddMedia, Product, |it| it.product_id.stream(), add_media);

fn add_media(product: &mut Draft<'_, Product>, command: &AddMedia) -> Result<(), Refusal> {
    let listing = product.editable()?;
    let mut faults = Faults::default();
    faults.line("alt", &command.alt, 500);
    faults.line("url", &command.url, 2_000);
    if !is_address(&command.url) {
        let message = "url must be an http or https address, or a path of this shop such as /media/tea.jpg.";
        faults.add("INVALID_URL", "url", message);
    }
    match listing.media.get(&command.url) {
        Some(alt) if *alt == command.alt => return Ok(()),
        Some(alt) => {
            let message = format!("This address is there already, as \"{alt}\": use another address.");
            faults.add("MEDIUM_EXISTS", "url", message);
        }
        None => faults.at_most("media", listing.media.len() + 1, limits::MEDIA),
    }
    faults.refuse()?;
    let (url, alt) = (command.url.clone(), command.alt.clone());
    product.append(ProductMediaAdded { product_id: command.product_id, url, alt });
    Ok(())
}

/// Whether a browser can be sent there: no scheme but http and https (`javascript:` would run), no other host by way of `//`.
fn is_address(url: &str) -> bool {
    if url.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '\\' | '"' | '<' | '>')) {
        return false;
    }
    let lower = url.to_ascii_lowercase();
    match lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://")) {
        Some(rest) => rest.starts_with(|c: char| c.is_alphanumeric() || c == '['),
        None => {
            let first = url.split(['/', '?', '#']).next().unwrap_or_default();
            !url.is_empty() && !url.starts_with("//") && !first.contains(':')
        }
    }
}
