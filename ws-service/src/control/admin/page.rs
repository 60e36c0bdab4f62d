//! The status page: small files, nothing from elsewhere.

use axum::http::{HeaderName, header};
use axum::response::IntoResponse;

/// Nothing is loaded but from here, nothing is sent but to here, and no page may frame this one.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
    img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const SCRIPT: &str = "text/javascript; charset=utf-8";

pub(super) async fn html() -> impl IntoResponse {
    file("text/html; charset=utf-8", include_str!("../page/page.html"))
}

pub(super) async fn css() -> impl IntoResponse {
    file("text/css; charset=utf-8", include_str!("../page/page.css"))
}

pub(super) async fn js() -> impl IntoResponse {
    file(SCRIPT, include_str!("../page/page.js"))
}

pub(super) async fn feed_js() -> impl IntoResponse {
    file(SCRIPT, include_str!("../page/feed.js"))
}

pub(super) async fn plot_js() -> impl IntoResponse {
    file(SCRIPT, include_str!("../page/plot.js"))
}

type File = ([(HeaderName, &'static str); 4], &'static str);

fn file(kind: &'static str, text: &'static str) -> File {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // It changes with the binary.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, text)
}
