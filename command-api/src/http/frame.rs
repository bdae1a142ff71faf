//! What stands around every request: its trace, its place among those under way, its time, and a problem for every error.

use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Door;
use super::health::PATHS;
use super::problem::Problem;
use super::trace::Trace;

pub(super) async fn frame(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    let trace = Trace::of(request.headers());
    request.extensions_mut().insert(trace.clone());
    let mut response = answered(&door, request, next).await;
    if let Some(problem) = Problem::of(&mut response) {
        problem.sent(&mut response, &trace);
    }
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

async fn answered(door: &Door, request: Request, next: Next) -> Response {
    let health = PATHS.contains(&request.uri().path());
    let place = door.0.running.try_acquire();
    if place.is_err() && !health {
        let detail = "Too many requests are under way. Repeat this one under the same key.";
        return Problem::unavailable("BUSY", detail).into_response();
    }
    match tokio::time::timeout(door.0.options.timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let detail =
                "It took too long. Whether it was recorded you learn by repeating it under the same key.";
            let cause = Some("out of time".to_owned());
            Problem { cause, ..Problem::unavailable("TIMEOUT", detail) }.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::http::{Request, StatusCode};
    use axum::routing::get;
    use tower::ServiceExt;
    use tower_http::catch_panic::CatchPanicLayer;

    use super::super::problem::{Problem, panicked};
    use super::super::trace::Trace;

    async fn panics() -> &'static str {
        panic!("the secret ingredient is nutmeg")
    }

    #[tokio::test]
    async fn a_panic_is_a_problem_that_tells_nothing() {
        let router = Router::new().route("/", get(panics)).layer(CatchPanicLayer::custom(panicked));
        let mut response = router.oneshot(Request::new(Body::empty())).await.unwrap();
        let problem = Problem::of(&mut response).unwrap();
        problem.sent(&mut response, &Trace::of(&axum::http::HeaderMap::new()));
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = to_bytes(response.into_body(), 10_000).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.contains("INTERNAL_ERROR") && !body.contains("nutmeg"), "{body}");
    }
}
