//! Images and videos of a product.

use schemas::ProductId;
use schemas::product::ProductMediaAdded;

use super::{Product, limits};
use crate::faults::Faults;
use crate::one_stream::one_stream;
use crate::{Draft, Refusal};

/// Adds an image or video to a product; at most 50.
#[derive(Clone, Debug)]
pub struct AddMedia {
    pub product_id: ProductId,
    /// `http` or `https` URL, or a path on the shop's site; at most 2,000 characters.
    pub url: String,
    /// Alternative text; 1 to 500 characters.
    pub alt: String,
}

one_stream!(AddMedia, Product, |it| it.product_id.stream(), add_media);

fn add_media(product: &mut Draft<'_, Product>, command: &AddMedia) -> Result<(), Refusal> {
    let listing = product.editable()?;
    let mut faults = Faults::default();
    faults.line("alt", &command.alt, limits::ALT);
    faults.line("url", &command.url, limits::URL);
    if !is_address(&command.url) {
        let message = "url must be an http or https URL, or a path on this site such as /media/tea.jpg.";
        faults.add("INVALID_URL", "url", message);
    }
    match listing.media.get(&command.url) {
        Some(alt) if *alt == command.alt => return Ok(()),
        Some(alt) => {
            let message =
                format!("The product already has this URL, with the text \"{alt}\". Use another URL.");
            faults.add("MEDIUM_EXISTS", "url", message);
        }
        None => faults.at_most("media", listing.media.len() + 1, limits::MEDIA),
    }
    faults.refuse()?;
    let (url, alt) = (command.url.clone(), command.alt.clone());
    product.append(ProductMediaAdded { product_id: command.product_id, url, alt });
    Ok(())
}

/// Whether the URL is safe to embed: no scheme except http and https (`javascript:` would run), no other host through
/// `//`.
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
