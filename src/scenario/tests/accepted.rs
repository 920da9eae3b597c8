//! What is read, and what becomes of it.

use super::{DESIGN, read, warnings, with_spec};
use crate::fault::{Fault, NodeTarget};
use crate::kernel::{SimDuration, SimTime};
use crate::scenario::{Action, Condition, Count, Moment, TrafficRate};

#[test]
fn the_example_of_the_design() {
    let scenario = read(DESIGN);
    assert_eq!(
        (&*scenario.name, scenario.seed, &*scenario.version, scenario.minor),
        ("node-failure", 42, "1.34", 34)
    );
    assert_eq!(scenario.duration, SimDuration::from_secs(900));
    assert_eq!(scenario.settings.node_monitor_grace_period, SimDuration::from_secs(40));
    let nodes: Vec<_> = scenario.nodes.iter().map(|node| (&**node.name(), &**node.zone().unwrap())).collect();
    assert_eq!(nodes, [("worker-1", "a"), ("worker-2", "b"), ("worker-3", "c")]);
    let steps: Vec<_> =
        scenario.steps.iter().map(|step| (step.when.earliest(), step.action.to_string())).collect();
    assert_eq!(steps[0], (SimTime::from_secs(60), "kubectl scale deployment web --replicas=5".to_owned()));
    assert_eq!(steps[1], (SimTime::from_secs(300), "fault nodeCrash".to_owned()));
    let Action::Fault { fault, lasts: None } = &scenario.steps[1].action else { panic!() };
    let recover_after = Some(SimDuration::from_secs(480));
    assert_eq!(*fault, Fault::NodeCrash { nodes: NodeTarget::Name("worker-2".into()), recover_after });
    assert!(matches!(scenario.traffic[0].rate, TrafficRate::Ramp { .. }));
    assert_eq!(scenario.expectations[0].text, r#"at: 12m, kubectl: "get pods -l app=web", ready: 5"#);
    assert!(
        matches!(&scenario.expectations[0].condition, Condition::Kubectl(k) if k.ready == Some(Count::exactly(5)))
    );
    assert_eq!(
        scenario.expectations[1].moment,
        Moment::Always { from: SimTime::from_secs(120), until: None }
    );
    let app = &scenario.apps[0];
    assert_eq!((&*app.name, app.image_size, app.memory_growth), ("web", Some(180 << 20), 17_476));
    assert_eq!((app.http.len(), &*app.http[1].needs[0]), (2, "db"));
}

#[test]
fn empty_spec() {
    let found = warnings(&with_spec("seed: 1"));
    assert_eq!(found, Vec::<String>::new());
}
