//! The OpenAPI document, and a page that shows it. The page's files are in the program: nothing is loaded from elsewhere.

use axum::Router;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

use super::Door;

pub(super) fn routes(document: OpenApi) -> Router<Door> {
    SwaggerUi::new("/docs").url("/openapi.json", document).into()
}
