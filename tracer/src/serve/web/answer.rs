//! What is answered to whom.

use std::sync::Arc;

use http_body_util::Full;
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::{Body as _, Bytes, Incoming},
    header::{
        ACCEPT, ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE,
        X_CONTENT_TYPE_OPTIONS,
    },
};

use super::guard::Guard;
use crate::serve::Board;

type Answer = Response<Full<Bytes>>;

const PLAIN: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The answer to a request. Its body is not read.
pub async fn answer(request: Request<Incoming>, board: &Board, guard: Arc<Guard>) -> Answer {
    if !guard.admits(request.headers().get(AUTHORIZATION)).await {
        let mut answer = text(StatusCode::UNAUTHORIZED, PLAIN, "who asks?\n".to_owned());
        answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"tracer\""));
        return answer;
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, PLAIN, "only GET and HEAD\n".to_owned());
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return answer;
    }
    if !request.body().is_end_stream() {
        return text(StatusCode::PAYLOAD_TOO_LARGE, PLAIN, "a request here has no body\n".to_owned());
    }
    told(request.uri().path(), request.headers(), board)
}

fn told(path: &str, headers: &HeaderMap, board: &Board) -> Answer {
    let posted = board.read();
    let latest = |format: fn(&crate::serve::Latest) -> &str, kind| match &posted.latest {
        Some(latest) => text(StatusCode::OK, kind, format(latest).to_owned()),
        None => text(StatusCode::NOT_FOUND, PLAIN, "no window has closed yet\n".to_owned()),
    };
    match path {
        "/metrics" if posted.at.is_none() => {
            text(StatusCode::SERVICE_UNAVAILABLE, PLAIN, posted.ails().unwrap_or_default() + "\n")
        }
        "/metrics" if wants_openmetrics(headers) => {
            text(StatusCode::OK, OPENMETRICS, posted.metrics.openmetrics.clone())
        }
        "/metrics" => text(StatusCode::OK, PROMETHEUS, posted.metrics.prometheus.clone()),
        "/healthz" => match posted.ails() {
            None => text(StatusCode::OK, PLAIN, "well\n".to_owned()),
            Some(why) => text(StatusCode::SERVICE_UNAVAILABLE, PLAIN, why + "\n"),
        },
        "/" => match posted.at {
            Some(_) => text(StatusCode::OK, HTML, posted.page.clone()),
            None => text(StatusCode::SERVICE_UNAVAILABLE, PLAIN, posted.ails().unwrap_or_default() + "\n"),
        },
        "/recording.json" => latest(|latest| latest.json(), JSON),
        "/report.html" => latest(|latest| latest.html(), HTML),
        _ => text(
            StatusCode::NOT_FOUND,
            PLAIN,
            "there are /metrics, /healthz, /recording.json, /report.html and /\n".to_owned(),
        ),
    }
}

fn text(status: StatusCode, kind: &'static str, text: String) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(text)));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

/// Whether whoever asks would rather have OpenMetrics than the older text (RFC 9110, 12.5.1).
fn wants_openmetrics(headers: &HeaderMap) -> bool {
    let accepted =
        headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let (mut openmetrics, mut plain) = (0.0_f32, 0.0_f32);
    for range in accepted {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |quality| quality.parse().ok());
        let quality: f32 = quality.unwrap_or(0.0);
        match kind.as_str() {
            "application/openmetrics-text" => openmetrics = openmetrics.max(quality),
            "text/plain" => plain = plain.max(quality),
            _ => {}
        }
    }
    openmetrics > 0.0 && openmetrics >= plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_would_rather_have_openmetrics_is_given_it() {
        let wants = |accept: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            wants_openmetrics(&headers)
        };
        // What Prometheus 2.53 sends.
        assert!(wants(
            "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
        ));
        assert!(wants("application/openmetrics-text"));
        assert!(!wants("text/plain;version=0.0.4;q=0.5, application/openmetrics-text;q=0.4"));
        assert!(
            !wants("*/*") && !wants("application/openmetrics-text;q=0") && !wants("application/openmetrics-text;q=x")
        );
        assert!(!wants_openmetrics(&HeaderMap::new()));
    }
}
