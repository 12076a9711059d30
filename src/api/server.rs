//! HTTP for the API: connections with bounds, requests that are let in, replies.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener as BoundListener;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, IF_RANGE, LOCATION, RANGE,
    RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use super::audio::Flow;
use super::problem::Problem;
use super::request::{Asked, Page, object, segments};
use super::routes::{Answers, find, phone_request};
use super::worker::Worker;
use super::{OPENAPI, guard};
use crate::driver::AppHandle;
use crate::model::CallId;
use crate::phone::command::{Command, Reply as PhoneReply};

/// Connections served at once; one more waits.
const MAX_CONNECTIONS: usize = 32;
/// How long a request may take to come, and a connection may stay idle.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long an answer may be waited for.
const ANSWER: Duration = Duration::from_secs(30);
/// The longest that a connection lives; a long download takes less.
const LIFETIME: Duration = Duration::from_secs(600);
/// The largest head and body of a request.
const MAX_HEAD: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;
const MAX_BODY: usize = 1024 * 1024;

type Answered = Response<UnsyncBoxBody<Bytes, io::Error>>;

/// What every request needs.
#[derive(Clone)]
pub(super) struct Shared {
    phone: AppHandle,
    worker: Worker,
    token: Arc<str>,
}

impl Shared {
    pub fn new(phone: AppHandle, worker: Worker, token: String) -> Self {
        let token = token.into();
        Self {
            phone,
            worker,
            token,
        }
    }
}

/// The answer to a request.
pub(super) struct Reply {
    pub status: StatusCode,
    pub content: Content,
    pub headers: Vec<(HeaderName, String)>,
    /// Whom it concerns beside the one who asked.
    pub news: Option<News>,
}

/// What an answer carries.
pub(super) enum Content {
    Empty,
    Json(Value),
    Document(&'static str),
    Flow(Flow),
}

/// What the phone is told after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// Clients were saved or deleted.
    Clients,
    /// Somebody wrote of a call.
    Marked(CallId),
}

impl Reply {
    fn new(status: StatusCode, content: Content) -> Self {
        Self {
            status,
            content,
            headers: Vec::new(),
            news: None,
        }
    }

    pub fn ok(value: Value) -> Self {
        Self::new(StatusCode::OK, Content::Json(value))
    }

    pub fn created(location: String, value: Value) -> Self {
        Self::new(StatusCode::CREATED, Content::Json(value)).with(LOCATION, location)
    }

    pub fn nothing() -> Self {
        Self::new(StatusCode::NO_CONTENT, Content::Empty)
    }

    /// A page of a list, of which one more than the page has was asked for: `next` is where it goes on.
    pub fn page(page: Page, items: impl Iterator<Item = Value>) -> Self {
        let mut items: Vec<Value> = items.collect();
        let more = items.len() > page.limit;
        items.truncate(page.limit);
        let next = more.then_some(page.offset + page.limit);
        Self::ok(json!({"items": items, "offset": page.offset, "next": next}))
    }

    pub fn problem(problem: &Problem) -> Self {
        let mut reply = Self::new(problem.status, Content::Json(problem.json()));
        let kind = "application/problem+json".to_owned();
        reply.headers.push((CONTENT_TYPE, kind));
        if problem.status == StatusCode::UNAUTHORIZED {
            reply = reply.with(WWW_AUTHENTICATE, "Bearer".to_owned());
        }
        if let Some(pause) = problem.retry_after {
            reply = reply.with(RETRY_AFTER, pause.as_secs().to_string());
        }
        reply
    }

    pub fn with(mut self, name: HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    pub fn with_news(self, news: News) -> Self {
        Self {
            news: Some(news),
            ..self
        }
    }

    fn into_response(self) -> Answered {
        let (kind, body) = match self.content {
            Content::Empty => (None, Empty::new().map_err(never).boxed_unsync()),
            Content::Json(value) => (Some("application/json"), full(value.to_string().into())),
            Content::Document(text) => (
                Some("application/json"),
                full(Bytes::from_static(text.as_bytes())),
            ),
            Content::Flow(flow) => (None, flow.boxed_unsync()),
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        // Nothing of this is to be kept by anybody on the way, nor taken for a page.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if let Some(kind) = kind {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        for (name, value) in self.headers {
            if let Ok(value) = value.parse() {
                headers.insert(name, value);
            }
        }
        response
    }
}

fn full(bytes: Bytes) -> UnsyncBoxBody<Bytes, io::Error> {
    Full::new(bytes).map_err(never).boxed_unsync()
}

fn never(never: Infallible) -> io::Error {
    match never {}
}

/// Serves the listeners until `ended`.
pub(super) fn run(listeners: Vec<BoundListener>, shared: Shared, ended: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let Ok(runtime) = runtime else {
        return tracing::error!("no runtime for the API");
    };
    runtime.block_on(async {
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        for listener in listeners {
            match TcpListener::from_std(listener) {
                Ok(listener) => {
                    tokio::spawn(accept(listener, shared.clone(), Arc::clone(&places)));
                }
                Err(error) => tracing::error!(%error, "the API cannot be served there"),
            }
        }
        // It ends with whoever holds the other end, who never says anything.
        let _ = ended.await;
    });
}

async fn accept(listener: TcpListener, shared: Shared, places: Arc<Semaphore>) {
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let shared = shared.clone();
                tokio::spawn(async move {
                    let _ = timeout(LIFETIME, attend(stream, shared)).await;
                    drop(place);
                });
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn attend(stream: TcpStream, shared: Shared) {
    let service = service_fn(move |request| {
        let shared = shared.clone();
        async move { Ok::<_, Infallible>(respond(request, shared).await) }
    });
    // Whoever goes away in the middle, or sends what is no HTTP, needs no answer of ours.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn respond(request: Request<Incoming>, shared: Shared) -> Answered {
    let late = |_| Err(Problem::busy("the answer takes too long"));
    let answer = timeout(ANSWER, answer(request, &shared)).await;
    let reply = answer.unwrap_or_else(late);
    let reply = reply.unwrap_or_else(|problem| Reply::problem(&problem));
    match reply.news {
        Some(News::Clients) => shared.phone.command(Command::ClientsChanged, |_| {}),
        Some(News::Marked(call)) => shared.phone.tell_marked(call),
        None => {}
    }
    reply.into_response()
}

async fn answer(request: Request<Incoming>, shared: &Shared) -> Result<Reply, Problem> {
    let (head, body) = request.into_parts();
    guard::admit(&head.headers, head.uri.authority(), &shared.token)?;
    let nowhere = || Problem::not_found(format!("there is nothing at {}", head.uri.path()));
    let segments = segments(head.uri.path()).ok_or_else(nowhere)?;
    let (route, names) = match find(&head.method, &segments) {
        Ok(found) => found,
        Err(allowed) if allowed.is_empty() => return Err(nowhere()),
        Err(allowed) => return Ok(not_allowed(&head.method, &allowed)),
    };
    let body = whole(body).await?;
    let text = |name: HeaderName| {
        let value = head.headers.get(name)?.to_str().ok();
        value.map(str::to_owned)
    };
    let asked = Asked {
        names,
        body: object(&head.headers, &body)?,
        range: text(RANGE).filter(|_| head.method == Method::GET),
        if_range: text(IF_RANGE),
        ..Asked::default()
    };
    let asked = asked.with_query(head.uri.query().unwrap_or_default(), route.query)?;
    match route.answers {
        Answers::Document => Ok(Reply::new(StatusCode::OK, Content::Document(OPENAPI))),
        Answers::Phone(verb) => ask_phone(verb, &asked, &shared.phone).await,
        Answers::Store(answer) => {
            let worker = &shared.worker;
            worker
                .ask(move |store, profile| answer(store, profile, &asked))
                .await
        }
    }
}

/// RFC 9110 §15.5.6: who is told that a method is not allowed is told which are.
fn not_allowed(method: &Method, allowed: &[&str]) -> Reply {
    let mut allowed = allowed.to_vec();
    if allowed.contains(&"GET") {
        allowed.push("HEAD");
    }
    let allowed = allowed.join(", ");
    let detail = format!("{method} is not allowed here; allowed: {allowed}");
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail);
    Reply::problem(&problem).with(ALLOW, allowed)
}

/// All of a body that is not too large and comes in time.
async fn whole(body: Incoming) -> Result<Bytes, Problem> {
    let read = timeout(PATIENCE, Limited::new(body, MAX_BODY).collect()).await;
    let late = |_| Problem::new(StatusCode::REQUEST_TIMEOUT, "the body takes too long");
    match read.map_err(late)? {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            let detail = format!("a body has at most {MAX_BODY} octets");
            Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail))
        }
        Err(error) => Err(Problem::bad_request(error.to_string())),
    }
}

/// Asks the phone by a verb of the control socket.
async fn ask_phone(verb: &str, asked: &Asked, phone: &AppHandle) -> Result<Reply, Problem> {
    let command = phone_request(verb, asked)?.command();
    let command = command.map_err(Problem::unprocessable)?;
    let (send, answered) = oneshot::channel();
    phone.command(command, move |answer| drop(send.send(answer)));
    let answer = answered.await;
    let answer = answer.map_err(|_| Problem::busy("the phone has ended"))?;
    let value = |reply: &PhoneReply| {
        serde_json::to_value(reply).map_err(|error| Problem::internal(error.to_string()))
    };
    match answer? {
        PhoneReply::Done {} => Ok(Reply::nothing()),
        PhoneReply::Dialed { call } => Ok(Reply::created(
            format!("/v1/calls/{call}"),
            json!({"call": call}),
        )),
        reply => Ok(Reply::ok(value(&reply)?)),
    }
}
