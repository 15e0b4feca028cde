//! The proxy between the functions and the local AWS: it passes calls on, denies those that the
//! caller's role does not allow, breaks those that a rule names, and records all of them.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HeaderName, HeaderValue, TRANSFER_ENCODING,
};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::alerts::Alert;
use super::fault::{self, Fault, Match, Rule, RuleId};
use super::fault_plan::{FaultPlan, Tally};
use super::http::{self, Body, HttpClient};
use super::iam::actions::{self, Needed};
use super::iam::{Denied, Identities, Identity, record};
use super::mangle;
use super::request::{self, Call, Protocol};

/// One call that went through the proxy.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The call.
    pub call: Call,
    /// The time at which it arrived.
    pub at: Instant,
    /// The parameters of a call to a service other than S3.
    pub parameters: Value,
    /// The status that the caller received; `None` while it waits, or if the connection was
    /// dropped.
    pub status: Option<StatusCode>,
    /// The rule that broke the call.
    pub broken_by: Option<RuleId>,
}

impl Recorded {
    /// Returns whether the caller received a success status.
    pub fn succeeded(&self) -> bool {
        self.status.is_some_and(|status| status.is_success())
    }
}

/// A running proxy. Ends when dropped.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

impl FaultProxy {
    /// Starts a proxy in front of `upstream` (`http://HOST:PORT`) on a free port.
    pub async fn start(upstream: &str) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            upstream: upstream.trim_end_matches('/').to_owned(),
            client: http::client(),
            identities: Identities::default(),
            test: record::current_test(),
            state: Mutex::default(),
            changed: Notify::new(),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self {
            address,
            shared,
            accepting,
        })
    }

    /// Returns `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Adds a rule. If several rules match, the first one added is used.
    pub fn add(&self, rule: Rule) -> RuleId {
        let mut state = self.shared.state();
        let id = RuleId(state.next_rule);
        state.next_rule += 1;
        state.rules.push(Active {
            id,
            rule,
            seen: 0,
            hits: 0,
        });
        id
    }

    /// Adds a rule that lasts until it is removed.
    pub fn fail(&self, calls: Match, fault: Fault) -> RuleId {
        self.add(Rule::new(calls, fault))
    }

    /// Removes a rule and returns how many calls it broke.
    pub fn remove(&self, id: RuleId) -> usize {
        let mut state = self.shared.state();
        let hits = state
            .rules
            .iter()
            .find(|active| active.id == id)
            .map_or(0, |a| a.hits);
        state.rules.retain(|active| active.id != id);
        hits
    }

    /// Lets all roles take an action on a resource, as the resource's own policy may: in one account, a
    /// role needs either that or a policy of its own
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>).
    pub fn grant(&self, action: &str, resource: &str) {
        let grant = (action.to_owned(), resource.to_owned());
        self.shared.state().grants.push(grant);
    }

    /// Removes all rules.
    pub fn clear_rules(&self) {
        self.shared.state().rules.clear();
    }

    /// Breaks the calls of a plan, from now on. Rules take precedence.
    pub fn follow(&self, plan: FaultPlan) {
        self.shared.state().plan = Some(plan);
    }

    /// Ends the plan. Returns how many calls it broke.
    pub fn end_plan(&self) -> Tally {
        let plan = self.shared.state().plan.take();
        plan.map(FaultPlan::into_tally).unwrap_or_default()
    }

    /// Calls a function with the plan, if there is one.
    pub fn with_plan(&self, change: impl FnOnce(&mut FaultPlan)) {
        if let Some(plan) = &mut self.shared.state().plan {
            change(plan);
        }
    }

    /// Returns how many calls a rule has broken so far.
    pub fn hits(&self, id: RuleId) -> usize {
        let state = self.shared.state();
        state
            .rules
            .iter()
            .find(|active| active.id == id)
            .map_or(0, |a| a.hits)
    }

    /// Returns every call since the start or the last [`Self::forget`].
    pub fn recorded(&self) -> Vec<Recorded> {
        self.shared.state().recorded.clone()
    }

    /// Returns the calls that match.
    pub fn calls(&self, wanted: &Match) -> Vec<Recorded> {
        let mut calls = self.recorded();
        calls.retain(|recorded| wanted.matches(&recorded.call));
        calls
    }

    /// Returns the alerts that SNS accepted, oldest first.
    pub fn alerts(&self) -> Vec<Alert> {
        self.calls(&Match::operation("sns", "Publish"))
            .iter()
            .filter(|recorded| recorded.succeeded())
            .map(|recorded| Alert::from_publish(&recorded.parameters))
            .collect()
    }

    /// Waits for at least `count` alerts that SNS accepted, and returns all of them.
    pub async fn wait_for_alerts(&self, count: usize, within: Duration) -> Result<Vec<Alert>> {
        let deadline = tokio::time::Instant::now() + within;
        loop {
            let changed = self.shared.changed.notified();
            let alerts = self.alerts();
            if alerts.len() >= count {
                return Ok(alerts);
            }
            if tokio::time::timeout_at(deadline, changed).await.is_err() {
                bail!(
                    "{} alerts instead of {count} after {within:?}",
                    alerts.len()
                );
            }
        }
    }

    /// Forgets every recorded call, and with it the alerts. Rules stay.
    pub fn forget(&self) {
        let mut state = self.shared.state();
        state.recorded.clear();
        state.generation += 1;
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

#[derive(Debug)]
struct Shared {
    upstream: String,
    client: HttpClient,
    identities: Identities,
    /// The test that started the proxy.
    test: String,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    rules: Vec<Active>,
    /// The actions and resources that policies of the resources allow.
    grants: Vec<(String, String)>,
    plan: Option<FaultPlan>,
    next_rule: usize,
    recorded: Vec<Recorded>,
    /// Grows when records are forgotten, so that a late answer finds its own record or none.
    generation: usize,
}

#[derive(Debug)]
struct Active {
    id: RuleId,
    rule: Rule,
    seen: usize,
    hits: usize,
}

/// The position of a call in the record.
#[derive(Clone, Copy)]
struct Ticket {
    generation: usize,
    index: usize,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a call and finds its fault.
    fn admit(&self, call: Call, parameters: Value) -> (Ticket, Option<Fault>) {
        let mut state = self.state();
        let hit = state.rules.iter_mut().find_map(|active| active.meet(&call));
        let planned = match (&hit, &mut state.plan) {
            (None, Some(plan)) => plan.meet(&call),
            _ => None,
        };
        let ticket = Ticket {
            generation: state.generation,
            index: state.recorded.len(),
        };
        state.recorded.push(Recorded {
            call,
            at: Instant::now(),
            parameters,
            status: None,
            broken_by: hit.as_ref().map(|(id, _)| *id),
        });
        (ticket, hit.map(|(_, fault)| fault).or(planned))
    }

    fn answered(&self, ticket: Ticket, status: StatusCode) {
        let mut state = self.state();
        if state.generation == ticket.generation
            && let Some(recorded) = state.recorded.get_mut(ticket.index)
        {
            recorded.status = Some(status);
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Breaks or passes on one request.
    async fn handle(&self, request: Request<Incoming>) -> Result<Response<Body>> {
        let (mut parts, body) = request.into_parts();
        // Bodies of S3 may be large and are streamed; all others are small and name the operation.
        let (read, body) = if request::is_s3(&parts) {
            (Bytes::new(), body.map_err(http::boxed_error).boxed_unsync())
        } else {
            let bytes = body.collect().await?.to_bytes();
            (bytes.clone(), http::full(bytes))
        };
        let call = Call::read(&parts, &read);
        let parameters = request::parameters(&call, &read);
        let body = match request::undelayed(&call, &parameters) {
            Some(undelayed) => {
                parts.headers.insert(CONTENT_LENGTH, undelayed.len().into());
                http::full(undelayed)
            }
            None => body,
        };
        let identity = self
            .identities
            .of(&self.client, &self.upstream, &call.access_key);
        let identity = identity.await.context("the caller's identity")?;
        let needed = match &identity {
            Some(identity) => actions::before(&call, &parts.headers, &parameters, identity),
            None => Ok(Vec::new()),
        };
        let (ticket, fault) = self.admit(call.clone(), parameters);
        let needed = needed.inspect_err(|error| say(&format!("{error:#}")))?;
        let response = if let Some(denied) = self.authorize(identity.as_deref(), &needed) {
            drain(body).await?;
            deny(&call, identity.as_deref(), &denied)?
        } else {
            let response = self.answer(&call, fault, parts, body).await?;
            let needed = actions::after(&call, response.status(), response.headers());
            if let Some(denied) = self.authorize(identity.as_deref(), &needed) {
                drain(response.into_body()).await?;
                deny(&call, identity.as_deref(), &denied)?
            } else {
                response
            }
        };
        self.answered(ticket, response.status());
        Ok(response)
    }

    /// Returns what neither the caller's role nor a policy of the resource allows. Records what of the
    /// role allowed the rest.
    fn authorize(&self, identity: Option<&Identity>, needed: &[Needed]) -> Option<Denied> {
        let identity = identity?;
        let grants = self.state().grants.clone();
        let is_granted = |needed: &Needed| {
            let mut grants = grants.iter();
            grants
                .any(|(action, resource)| (action, resource) == (&needed.action, &needed.resource))
        };
        let needed: Vec<Needed> = needed
            .iter()
            .filter(|it| !is_granted(it))
            .cloned()
            .collect();
        match identity.check(&needed) {
            Ok(granted) => {
                record::write(&identity.role, &identity.session, &granted, &self.test);
                None
            }
            Err(denied) => Some(denied),
        }
    }

    async fn answer(
        &self,
        call: &Call,
        fault: Option<Fault>,
        parts: Parts,
        body: Body,
    ) -> Result<Response<Body>> {
        match fault {
            None => self.forward(parts, body).await,
            Some(Fault::Stall(delay)) => {
                tokio::time::sleep(delay).await;
                self.forward(parts, body).await
            }
            Some(Fault::Error {
                status,
                code,
                message,
            }) => {
                let (headers, answer) = fault::error_answer(call, &code, &message);
                drain(body).await?;
                respond(status, &headers, answer)
            }
            Some(Fault::Answer {
                status,
                headers,
                body: answer,
            }) => {
                drain(body).await?;
                respond(status, &headers, answer)
            }
            Some(Fault::Skewed { status, code, text }) => {
                let (mut headers, answer) = fault::error_answer(call, &code, &text);
                headers.push(("date".to_owned(), fault::SKEWED_DATE.to_owned()));
                drain(body).await?;
                respond(status, &headers, answer)
            }
            Some(Fault::Cut(length)) => mangle::cut(self.forward(parts, body).await?, length).await,
            Some(Fault::Halve) => mangle::halve(self.forward(parts, body).await?).await,
            Some(Fault::Pause(delay)) => {
                mangle::pause(self.forward(parts, body).await?, delay).await
            }
            Some(Fault::Overstate(more)) => {
                mangle::overstate(self.forward(parts, body).await?, more).await
            }
            Some(Fault::Understate(fewer)) => {
                mangle::understate(self.forward(parts, body).await?, fewer).await
            }
            Some(Fault::Drop) => bail!("dropped by a rule"),
            Some(Fault::LoseAnswer) => {
                let response = self.forward(parts, body).await?;
                drain(response.into_body()).await?;
                bail!("answer lost by a rule")
            }
        }
    }

    async fn forward(&self, mut parts: Parts, body: Body) -> Result<Response<Body>> {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        parts.uri = format!("{}{path}", self.upstream).parse::<Uri>()?;
        parts.headers.remove(CONNECTION);
        parts.headers.remove(EXPECT);
        parts.headers.remove(TRANSFER_ENCODING);
        let response = self
            .client
            .request(Request::from_parts(parts, body))
            .await
            .context("the local AWS gives no answer")?;
        let (mut parts, body) = response.into_parts();
        // These are about the connection to moto, not about the one to the caller.
        parts.headers.remove(CONNECTION);
        parts.headers.remove(TRANSFER_ENCODING);
        Ok(Response::from_parts(
            parts,
            body.map_err(http::boxed_error).boxed_unsync(),
        ))
    }
}

impl Active {
    /// Returns the fault, if this rule is for the call and not used up.
    fn meet(&mut self, call: &Call) -> Option<(RuleId, Fault)> {
        let spent = self.rule.times.is_some_and(|times| self.hits >= times);
        if spent || !self.rule.calls.matches(call) {
            return None;
        }
        self.seen += 1;
        if self.seen <= self.rule.after {
            return None;
        }
        self.hits += 1;
        Some((self.id, self.rule.fault.clone()))
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(serve(stream, Arc::clone(&shared)));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        // An error from here ends the connection without an answer.
        async move {
            let response = shared.handle(request).await;
            response.map_err(std::io::Error::other)
        }
    });
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Prints a line, also in a test that passes: a denial is often the cause of a later failure.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Answers as AWS does if the caller's role does not allow the call.
fn deny(call: &Call, identity: Option<&Identity>, denied: &Denied) -> Result<Response<Body>> {
    let role = identity.map_or("", |identity| identity.role.as_str());
    let Needed {
        action, resource, ..
    } = &denied.needed;
    let message = format!("{role} is not authorized to perform: {action} on resource: {resource}");
    say(&message);
    let (status, code) = match call.protocol {
        Protocol::Query if call.service == "sns" => (StatusCode::FORBIDDEN, "AuthorizationError"),
        Protocol::S3 | Protocol::Query => (StatusCode::FORBIDDEN, "AccessDenied"),
        Protocol::Json | Protocol::RestJson => (StatusCode::BAD_REQUEST, "AccessDeniedException"),
    };
    let (headers, body) = fault::error_answer(call, code, &message);
    respond(status, &headers, body)
}

async fn drain(mut body: Body) -> Result<()> {
    while let Some(frame) = body.frame().await {
        frame.map_err(anyhow::Error::from_boxed)?;
    }
    Ok(())
}

fn respond(
    status: StatusCode,
    headers: &[(String, String)],
    body: Bytes,
) -> Result<Response<Body>> {
    let mut response = Response::new(http::full(body));
    *response.status_mut() = status;
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes())?;
        response
            .headers_mut()
            .append(name, HeaderValue::from_str(value)?);
    }
    Ok(response)
}
