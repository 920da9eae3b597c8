//! The objects of the API server as they are now, and what a table of them comes down to.

use std::sync::Arc;

use crate::api::{Kind, Object, Timestamp, quota};
use crate::kubectl::ObjectSource;
use crate::sim::World;

/// What the API server holds now.
pub(crate) struct Present<'a>(pub(crate) &'a World);

impl Present<'_> {
    /// A quota with what is used of it, which is counted when somebody looks.
    fn with_usage(&self, object: Object) -> Object {
        let Object::ResourceQuota(mut quota) = object else { return object };
        let used = quota::used(self.0.api.objects(), &quota);
        let status = &mut Arc::make_mut(&mut quota).status;
        status.used = used;
        let hard = quota.spec.hard.clone();
        Arc::make_mut(&mut quota).status.hard = hard;
        Object::ResourceQuota(quota)
    }

    fn leases(&self) -> Vec<Object> {
        self.0.leases().into_iter().map(Object::from).collect()
    }
}

impl ObjectSource for Present<'_> {
    fn list(&self, kind: Kind, namespace: Option<&str>) -> Vec<Object> {
        let wanted = |object: &&Object| {
            namespace.is_none_or(|namespace| object.metadata().namespace == namespace)
                || !kind.names().namespaced
        };
        if kind == Kind::Lease {
            return self.leases().iter().filter(wanted).cloned().collect();
        }
        let objects = self.0.api.objects().of(kind).iter().map(|(_, object)| object).filter(wanted);
        objects.map(|object| self.with_usage(object.clone())).collect()
    }

    fn get(&self, kind: Kind, namespace: &str, name: &str) -> Option<Object> {
        if kind == Kind::Lease {
            let is_it = |lease: &Object| {
                let metadata = lease.metadata();
                metadata.namespace == namespace && metadata.name == name
            };
            return self.leases().into_iter().find(is_it);
        }
        let namespace = if kind.names().namespaced { namespace } else { "" };
        self.0
            .api
            .objects()
            .find(kind, &namespace.into(), &name.into())
            .map(|(_, object)| self.with_usage(object.clone()))
    }

    fn now(&self) -> Timestamp {
        self.0.timestamp()
    }
}

/// How many rows a table has without its headers, and how many of them are ready: READY is `n/n` with n > 0, or STATUS
/// says `Ready`.
pub(super) fn count_rows(text: &str) -> (usize, usize) {
    let (mut rows, mut ready) = (0, 0);
    let mut columns: (Option<usize>, Option<usize>) = (None, None);
    for line in text.lines().filter(|line| !line.is_empty()) {
        if line.starts_with("NAME ") || line.starts_with("NAMESPACE ") || line.starts_with("LAST SEEN ") {
            columns = (line.find(" READY ").map(|at| at + 1), line.find(" STATUS ").map(|at| at + 1));
            continue;
        }
        rows += 1;
        let word = |at: usize| line.get(at..).and_then(|rest| rest.split_whitespace().next());
        let is_ready = match columns {
            (Some(at), _) => word(at).is_some_and(is_whole),
            (None, Some(at)) => word(at).is_some_and(|word| word.split(',').next() == Some("Ready")),
            (None, None) => line.split_whitespace().any(is_whole),
        };
        ready += usize::from(is_ready);
    }
    (rows, ready)
}

/// `3/3`, but not `0/0`.
fn is_whole(word: &str) -> bool {
    word.split_once('/')
        .is_some_and(|(part, whole)| part == whole && part != "0" && part.parse::<u32>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::count_rows;

    #[test]
    fn rows_are_counted_and_those_that_are_ready() {
        let pods = "NAME    READY   STATUS    RESTARTS      AGE\n\
                    web-1   1/1     Running   2 (5s ago)    1m\n\
                    web-2   0/1     Running   0             1m\n";
        assert_eq!(count_rows(pods), (2, 1));
        let nodes = "NAME       STATUS                     ROLES    AGE   VERSION\n\
                     worker-1   Ready                      <none>   1m    v1.34.0\n\
                     worker-2   NotReady                   <none>   1m    v1.34.0\n\
                     worker-3   Ready,SchedulingDisabled   <none>   1m    v1.34.0\n";
        assert_eq!(count_rows(nodes), (3, 2));
        assert_eq!(count_rows("web-1   1/1   Running\n\nweb-2   0/0   X\n"), (2, 1));
        assert_eq!(count_rows(""), (0, 0));
    }
}
