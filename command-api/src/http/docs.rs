//! The OpenAPI document, and Swagger UI to read it. The program contains the page's files; nothing is loaded from elsewhere.

use std::sync::Arc;

use axum::Router;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

use super::AppState;

pub(super) fn routes(document: OpenApi) -> Router<Arc<AppState>> {
    SwaggerUi::new("/docs").url("/openapi.json", document).into()
}
