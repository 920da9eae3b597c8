//! Routes: everything that is the same for all requests of one source, or of one call in a program.

use super::plan::{From, TrafficPlan};
use crate::base::{LookupMap, Name};
use crate::kernel::{SimDuration, Stream, Streams};
use crate::workload::{AppModel, CallRule, RetryRule};

/// Number of a route.
pub(super) type RouteId = u32;

/// One route.
#[derive(Clone, Debug)]
pub(super) struct Route {
    /// Who sends: the name of the source or of the program.
    pub(super) client: Name,
    /// Namespace of the Service; `None` = that of the caller.
    pub(super) namespace: Option<Name>,
    pub(super) service: Name,
    pub(super) port: Option<Name>,
    pub(super) path: Name,
    pub(super) from: From,
    pub(super) timeout: SimDuration,
    pub(super) retries: RetryRule,
    pub(super) reuse: bool,
    pub(super) optional: bool,
    pub(super) times: u32,
    /// Draws of its requests.
    pub(super) draws: Stream,
}

/// All routes of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Routes {
    list: Vec<Route>,
    /// By program and number of the rule: the routes of its calls.
    calls: LookupMap<Name, Vec<Vec<RouteId>>>,
}

impl Routes {
    /// The routes of the sources, in their order, and then those of the programs.
    pub(super) fn new<'a>(
        plan: &TrafficPlan,
        apps: impl Iterator<Item = &'a AppModel>,
        streams: Streams,
    ) -> Self {
        let mut routes = Self::default();
        for source in &plan.sources {
            routes.list.push(Route {
                client: source.name.clone(),
                namespace: Some(source.namespace.clone()),
                service: source.service.clone(),
                port: source.port.clone(),
                path: source.path.clone(),
                from: source.from.clone(),
                timeout: source.timeout,
                retries: source.retries.clone(),
                reuse: source.reuse,
                optional: false,
                times: 1,
                draws: streams.stream("request", &source.name),
            });
        }
        for app in apps {
            let rules = app.http.iter().enumerate();
            let calls = rules.map(|(rule, http)| {
                let of_rule = http.calls.iter().enumerate();
                let ids =
                    of_rule.map(|(call, spec)| routes.add(app, spec, streams, &format!("{rule}/{call}")));
                ids.collect()
            });
            let calls = calls.collect();
            routes.calls.insert(app.name.clone(), calls);
        }
        routes
    }

    fn add(&mut self, app: &AppModel, call: &CallRule, streams: Streams, place: &str) -> RouteId {
        let (namespace, service) = match call.service.split_once('/') {
            Some((namespace, service)) => (Some(Name::from(namespace)), Name::from(service)),
            None => (None, call.service.clone()),
        };
        self.list.push(Route {
            client: app.name.clone(),
            namespace,
            draws: streams.stream("request", &format!("{}/{place}/{service}", app.name)),
            service,
            port: call.port.clone(),
            path: call.path.clone(),
            from: From::Anywhere,
            timeout: call.timeout,
            retries: call.retries.clone(),
            reuse: call.reuse,
            optional: call.optional,
            times: call.times,
        });
        self.list.len() as RouteId - 1
    }

    pub(super) fn get(&self, route: RouteId) -> &Route {
        &self.list[route as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// The routes of the calls that a rule of a program makes.
    pub(super) fn calls(&self, app: &str, rule: usize) -> &[RouteId] {
        self.calls.get(app).and_then(|rules| rules.get(rule)).map_or(&[], Vec::as_slice)
    }
}
