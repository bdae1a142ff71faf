//! Origins of web pages that may call an address from a browser (CORS).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer, ExposeHeaders};

/// How long a browser may keep the answer to a preflight request.
const PREFLIGHT_KEPT: Duration = Duration::from_secs(600);

/// An origin as browsers send it: `https://shop.example` or `http://localhost:3000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(HeaderValue);

/// The text is not an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be scheme://host or scheme://host:port in lower case, without a path: https://shop.example")]
pub struct InvalidOrigin;

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let uri: Uri = text.parse().map_err(|_| InvalidOrigin)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(InvalidOrigin);
        };
        let sent = format!("{scheme}://{authority}").to_lowercase();
        if text != sent || !matches!(scheme, "http" | "https") || authority.as_str().contains(['@', '*']) {
            return Err(InvalidOrigin);
        }
        HeaderValue::try_from(sent).map(Self).map_err(|_| InvalidOrigin)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.to_str().unwrap_or_default())
    }
}

/// The origins whose pages may open a WebSocket to an address. Browsers apply no CORS to WebSockets: they send the page's
/// origin, and the server has to look at it. The address puts this into the extensions of each request.
#[derive(Clone, Debug, Default)]
pub struct PageOrigins(Arc<[Origin]>);

impl PageOrigins {
    pub(crate) fn new(origins: &[Origin]) -> Self {
        Self(origins.into())
    }

    /// Whether a request with these headers may open a WebSocket: it comes from no browser, from a page of the same host
    /// and port, or from an allowed origin.
    pub fn may_connect(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(ORIGIN) else { return true };
        if self.0.iter().any(|allowed| allowed.0 == *origin) {
            return true;
        }
        let page = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        page.zip(host).is_some_and(|((_, page), host)| page.eq_ignore_ascii_case(host))
    }
}

/// The CORS layer for these origins; `None` if there are none. Credentials (cookies) are never allowed, so the names of
/// headers give no access and need no list.
pub(crate) fn cors(origins: Vec<Origin>) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    Some(
        CorsLayer::new()
            .allow_origin(AllowOrigin::list(origins.into_iter().map(|origin| origin.0)))
            .allow_methods(methods)
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers(ExposeHeaders::any())
            .max_age(PREFLIGHT_KEPT),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_the_same_host_and_of_allowed_origins_open_web_sockets() {
        let pages = PageOrigins::new(&["https://shop.example".parse().unwrap()]);
        let from = |origin: Option<&str>| {
            let mut headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static("127.0.0.1:8081"))]);
            if let Some(origin) = origin {
                headers.insert(ORIGIN, origin.parse().unwrap());
            }
            pages.may_connect(&headers)
        };
        assert!(from(None) && from(Some("http://127.0.0.1:8081")) && from(Some("https://shop.example")));
        for other in ["http://127.0.0.1:8080", "http://127.0.0.1", "https://evil.example", "null", ""] {
            assert!(!from(Some(other)), "{other}");
        }
        assert!(!pages.may_connect(&HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static("null"))])));
    }

    #[test]
    fn origins_are_read_as_browsers_send_them() {
        for good in
            ["https://shop.example", "http://localhost:3000", "http://127.0.0.1:5173", "http://[::1]:80"]
        {
            assert_eq!(good.parse::<Origin>().map(|origin| origin.to_string()), Ok(good.to_owned()));
        }
        for bad in [
            "",
            "*",
            "null",
            "shop.example",
            "https://",
            "https://shop.example/",
            "https://shop.example/x",
            "HTTPS://shop.example",
            "https://Shop.example",
            "https://a@shop.example",
            "https://*.example",
            "ftp://x",
            "https://a,https://b",
        ] {
            assert_eq!(bad.parse::<Origin>(), Err(InvalidOrigin), "{bad}");
        }
    }
}
