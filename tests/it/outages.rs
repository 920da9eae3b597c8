//! Outages of the control plane itself: a test for every row of the table "who needs whom", and leader election.

use shakedown::api::core::Conditions;
use shakedown::api::pod::{Pod, PodPhase};
use shakedown::api::{Kind, Op};
use shakedown::kernel::SimTime;
use shakedown::kubectl::Command;
use shakedown::scenario::from_text;
use shakedown::sim::{RunOptions, Simulation};
use shakedown::trace::{Detail, Record};

const WEB: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: 'example/web:1', ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: shakedown.sim/v1alpha1
kind: AppModel
metadata: {name: web}
spec: {match: {image: '*'}, startup: {after: 0s}}
";

struct Run {
    simulation: Simulation,
    records: Vec<Record>,
}

/// Three nodes and two pods behind a Service, on the reference clock.
fn run(until: u64, settings: &str, steps: &str) -> Run {
    let text = format!(
        "apiVersion: shakedown.sim/v1alpha1\nkind: Scenario\nmetadata: {{name: outages}}\nspec:\n  timing: ideal\n  \
         duration: 1h\n  settings: {settings}\n  cluster: {{nodePools: [{{name: n, count: 3, allocatable: {{cpu: '4', \
         memory: 16Gi, pods: 110}}}}]}}\n  steps:\n{steps}\n---{WEB}"
    );
    let scenario = from_text("outages.yaml", &text).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let mut simulation = Simulation::new(&scenario, &RunOptions::default());
    let mut records = Vec::new();
    let mut sink = |record: &Record| records.push(record.clone());
    simulation.run_until(SimTime::from_secs(until), &mut sink).unwrap();
    Run { simulation, records }
}

impl Run {
    fn show(&mut self, line: &str) -> String {
        self.simulation.world.show(Command::parse_line(line).unwrap()).out
    }

    /// What `kubectl` steps printed.
    fn output(&self) -> String {
        let outputs = self.records.iter().filter(|record| record.event == "Output");
        outputs.map(|record| record.message.to_string() + "\n").collect()
    }

    /// How many objects changed in a time span, in seconds.
    fn commits(&self, from: u64, to: u64) -> usize {
        let span = SimTime::from_secs(from)..SimTime::from_secs(to);
        self.records
            .iter()
            .filter(|record| span.contains(&record.at) && matches!(record.detail, Detail::Commit(_)))
            .count()
    }

    /// When leaders changed, in seconds.
    fn elections(&self, lease: &str) -> Vec<f64> {
        let events = self.records.iter().filter(|record| match &record.detail {
            Detail::Commit(commit) => {
                commit.op == Op::Added
                    && commit.id.kind == Kind::Event
                    && commit.new.metadata().name.starts_with(lease)
            }
            _ => false,
        });
        events.map(|record| record.at.as_secs_f64()).collect()
    }

    fn restarts(&self) -> i32 {
        let pods = self.simulation.world.api.objects().iter::<Pod>();
        pods.flat_map(|(_, pod)| pod.status.container_statuses.clone())
            .map(|status| status.restart_count)
            .sum()
    }

    fn ready_pods(&self) -> usize {
        let pods = self.simulation.world.api.objects().iter::<Pod>();
        pods.filter(|(_, pod)| pod.is_ready()).count()
    }

    fn endpoints(&self) -> usize {
        self.simulation.world.network.services.ready_endpoints("default", "web")
    }

    fn any_node_was_lost(&self) -> bool {
        self.records.iter().any(|record| record.message.contains("Kubelet stopped posting node status"))
    }
}

#[test]
fn without_any_api_server_containers_run_and_restart_but_nothing_can_be_written() {
    let down = "
  - {at: 60s, for: 60s, fault: {controlPlane: {component: apiServer, what: down}}}
  - {at: 70s, fault: {exit: {pods: {labels: {app: web}, count: 1}, code: 1}}}
  - {at: 75s, kubectl: scale deployment web --replicas=5}
  - {at: 80s, kubectl: get pods}";
    let during = run(119, "{}", down);
    assert_eq!(during.commits(60, 119), 0);
    assert_eq!(during.endpoints(), 2, "proxies keep their table");
    let output = during.output();
    assert_eq!(
        output.matches("The connection to the server 10.0.0.1:6443 was refused").count(),
        2,
        "{output}"
    );
    // The kubelet restarted the container meanwhile; the API hears of it afterwards.
    let after = run(300, "{}", down);
    assert_eq!((after.restarts(), after.ready_pods()), (1, 2));
    assert!(!after.any_node_was_lost(), "the new leader gives every node its full grace period");
}

#[test]
fn one_of_three_api_servers_is_not_missed() {
    let mut run = run(
        110,
        "{apiServers: 3}",
        "
  - {at: 60s, for: 60s, fault: {controlPlane: {component: apiServer, what: down, replicas: 1}}}
  - {at: 70s, kubectl: scale deployment web --replicas=4}",
    );
    assert_eq!((run.ready_pods(), run.endpoints()), (4, 4), "{}", run.show("get pods -o wide"));
    assert!(run.elections("kube-").is_empty());
}

#[test]
fn etcd_without_a_minority_of_its_members_stands_still_for_an_election_only() {
    let run = run(
        110,
        "{etcdMembers: 3}",
        "
  - {at: 60s, for: 60s, fault: {controlPlane: {component: etcd, what: down, replicas: 1}}}
  - {at: 60s, kubectl: scale deployment web --replicas=4}",
    );
    assert_eq!(run.ready_pods(), 4);
    assert!(run.elections("kube-").is_empty());
    let added = run.records.iter().find(|record| {
        record.at >= SimTime::from_secs(60)
            && matches!(&record.detail, Detail::Commit(commit) if commit.id.kind == Kind::Pod && commit.op == Op::Added)
    });
    assert_eq!(
        added.map(|record| record.at),
        Some(SimTime::from_secs(61)),
        "writes waited for the new leader"
    );
}

#[test]
fn etcd_without_quorum_refuses_writes_but_lists_come_from_the_cache() {
    let outage = |component: &str| {
        format!(
            "
  - {{at: 60s, for: 120s, fault: {{controlPlane: {{component: {component}, what: down}}}}}}
  - {{at: 70s, kubectl: scale deployment web --replicas=5}}
  - {{at: 75s, for: 5s, fault: {{kubeletStop: {{nodes: all}}}}}}
  - {{at: 90s, fault: {{exit: {{pods: '-l app=web', code: 1}}}}}}"
        )
    };
    let etcd = run(175, "{}", &outage("etcd"));
    assert_eq!(etcd.commits(60, 175), 0);
    assert!(etcd.output().contains("etcdserver: request timed out"), "{}", etcd.output());
    assert_eq!(etcd.endpoints(), 2);
    // Kubelets that start during the outage get their pods from the watch cache and restart what fails ...
    let started = |run: &Run| {
        let started = run.records.iter().filter(|record| record.event == "ContainerStarted");
        started.filter(|record| record.at >= SimTime::from_secs(90)).count()
    };
    assert_eq!(started(&etcd), 2);
    // ... which they cannot when no API server is there.
    assert_eq!(started(&run(175, "{}", &outage("apiServer"))), 0);
    assert_eq!(run(400, "{}", &outage("apiServer")).ready_pods(), 2);
}

#[test]
fn t1_12_5_two_members_of_three_are_a_quorum_and_three_of_five() {
    let lost = |members: u32, lost: u32| {
        let steps = format!(
            "
  - {{at: 60s, for: 60s, fault: {{controlPlane: {{component: etcd, what: down, replicas: {lost}}}}}}}
  - {{at: 70s, kubectl: create namespace x}}"
        );
        run(80, &format!("{{etcdMembers: {members}}}"), &steps).output().contains("namespace/x created")
    };
    for (members, tolerated) in [(1, 0), (3, 1), (5, 2), (7, 3)] {
        assert!(tolerated == 0 || lost(members, tolerated), "{members} members");
        assert!(!lost(members, tolerated + 1), "{members} members");
    }
}

#[test]
fn without_a_scheduler_new_pods_wait_without_a_condition() {
    let mut run = run(
        90,
        "{}",
        "
  - {at: 60s, fault: {controlPlane: {component: scheduler, what: down}}}
  - {at: 61s, kubectl: scale deployment web --replicas=3}",
    );
    assert_eq!(run.ready_pods(), 2);
    let objects = run.simulation.world.api.objects();
    let waiting: Vec<_> = objects.iter::<Pod>().filter(|(_, pod)| pod.node_name.is_none()).collect();
    assert_eq!(waiting.len(), 1, "controllers go on creating pods");
    let pod = waiting[0].1.clone();
    assert_eq!(pod.status.phase, PodPhase::Pending);
    assert!(pod.status.conditions.condition("PodScheduled").is_none(), "{}", run.show("get pods"));
}

#[test]
fn without_a_controller_manager_nothing_is_replaced_and_no_node_is_given_up() {
    let run = run(
        300,
        "{}",
        "
  - {at: 60s, fault: {controlPlane: {component: controllerManager, what: down}}}
  - {at: 61s, kubectl: run extra --image=example/web:1}
  - {at: 62s, kubectl: 'delete pods -l app=web --wait=false'}
  - {at: 62s, fault: {nodeCrash: {node: n-3}}}",
    );
    let objects = run.simulation.world.api.objects();
    let names: Vec<String> = objects.iter::<Pod>().map(|(_, pod)| pod.metadata.name.to_string()).collect();
    assert!(names.contains(&"extra".to_owned()), "the scheduler works on: {names:?}");
    assert_eq!(objects.of(Kind::Pod).len() - 1, names.iter().filter(|name| name.starts_with("web")).count());
    assert!(run.commits(62, 300) > 0);
    assert!(!run.any_node_was_lost());
    let replaced = run.records.iter().filter(|record| record.at > SimTime::from_secs(61)).any(|record| {
        matches!(&record.detail, Detail::Commit(commit) if commit.op == Op::Added && commit.id.kind == Kind::Pod)
    });
    assert!(!replaced, "nobody replaces the pods");
}

#[test]
fn t1_12_4_a_standby_takes_over_fifteen_seconds_after_it_last_saw_the_lease_change() {
    // The leader renews at 0, 2 and 4 s and dies at 4.5 s; the standby looks at odd seconds. It saw the last renewal
    // at 5 s, so that the look at 19 s is too early and the one at 21 s takes the lease.
    let mut run = run(
        30,
        "{controllerManagers: 2}",
        "
  - {at: 4.5s, fault: {controlPlane: {component: controllerManager, what: down, replicas: 1}}}",
    );
    assert_eq!(run.elections("kube-controller-manager"), [21.0]);
    let leases = run.show("get leases -n kube-system");
    let holder = leases.lines().find(|line| line.starts_with("kube-controller-manager")).unwrap_or_default();
    assert!(holder.contains("control-plane-2_"), "{leases}");
}

#[test]
fn a_process_that_starts_anew_respects_the_old_lease_for_fifteen_seconds() {
    let steps = "
  - {at: 30s, for: 5s, fault: {controlPlane: {component: controllerManager, what: down}}}
  - {at: 30s, for: 5s, fault: {controlPlane: {component: scheduler, what: down}}}";
    let run = run(100, "{}", steps);
    // Looks at 35, 37, ...: the first at or after 35 + 15 s is 51.
    assert_eq!(run.elections("kube-controller-manager"), [51.0]);
    assert_eq!(run.elections("kube-scheduler"), [51.0]);
}

#[test]
fn an_orderly_scheduler_gives_its_lease_up_and_a_controller_manager_does_not() {
    let steps = "
  - {at: 30s, fault: {controlPlane: {component: controllerManager, what: leaderChange}}}
  - {at: 30s, fault: {controlPlane: {component: scheduler, what: leaderChange}}}";
    let run = run(100, "{}", steps);
    assert_eq!(run.elections("kube-scheduler"), [31.0]);
    assert_eq!(run.elections("kube-controller-manager"), [47.0]);
}

#[test]
fn leaders_survive_a_short_outage_and_end_in_a_long_one() {
    let outage = |seconds: u32, managers: u32| {
        let steps = format!(
            "
  - {{at: 60.5s, for: {seconds}s, fault: {{controlPlane: {{component: apiServer, what: down}}}}}}"
        );
        run(200, &format!("{{controllerManagers: {managers}}}"), &steps)
    };
    assert!(outage(9, 1).elections("kube-controller-manager").is_empty());
    // Last renewal at 60 s, given up at 72, started anew at 73, first look that succeeds at 121: 121 + 15 <= 137.
    let long = outage(60, 1);
    assert_eq!(long.elections("kube-controller-manager"), [137.0]);
    let lost = long.records.iter().find(|record| record.reason == "LeaderLost").map(|record| record.at);
    assert_eq!(lost, Some(SimTime::from_secs(72)));
    // A standby that saw the last renewal needs no further wait; this one missed it by half a second.
    assert_eq!(outage(60, 2).elections("kube-controller-manager"), [137.0]);
}

#[test]
fn a_standby_that_saw_the_last_renewal_leads_as_soon_as_the_api_answers() {
    let steps = "
  - {at: 61.5s, for: 60s, fault: {controlPlane: {component: apiServer, what: down}}}";
    let run = run(200, "{controllerManagers: 2}", steps);
    assert_eq!(run.elections("kube-controller-manager"), [123.0]);
}

#[test]
fn a_watch_resumes_where_it_was_or_begins_anew_with_a_list() {
    let relists = |changes: u32| {
        let steps = format!(
            "
  - {{at: 60s, for: 240s, fault: {{partition: {{between: [controlPlane, {{node: n-3}}]}}}}}}
  - {{every: 1s, from: 150s, until: {}s, kubectl: 'label pods -l app=web --overwrite round=a'}}
  - {{every: 1s, from: 150.5s, until: {}s, kubectl: 'label pods -l app=web --overwrite round=b'}}",
            150 + changes,
            150 + changes
        );
        let run = run(320, "{}", &steps);
        run.records.iter().filter(|record| record.event == "Relist").count()
    };
    assert_eq!(relists(3), 0);
    assert_eq!(relists(140), 1);
}

#[test]
fn leases_of_nodes_show_the_last_renewal_and_take_no_resource_version() {
    let mut run = run(95, "{}", "  - {at: 62s, fault: {nodeCrash: {node: n-2}}}");
    let renewed = run.show(
        "get leases -n kube-node-lease -o jsonpath={range.items[*]}{.metadata.name}={.spec.renewTime};{end}",
    );
    let seconds: Vec<&str> = renewed.split(';').filter(|text| !text.is_empty()).collect();
    assert_eq!(seconds.len(), 3, "{renewed}");
    assert!(seconds[0].contains(":01:30") && seconds[1].contains(":01:00"), "{renewed}");
}

#[test]
fn after_all_api_servers_were_down_everybody_lists_anew() {
    let steps = "
  - {at: 60s, for: 8s, fault: {controlPlane: {component: apiServer, what: down}}}";
    let whole = run(120, "{}", steps);
    let relists = |run: &Run| -> Vec<&'static str> {
        let found = run.records.iter().filter(|record| record.event == "Relist");
        found.map(|record| record.component).collect()
    };
    let found = relists(&whole);
    for component in ["kube-controller-manager", "kube-scheduler", "kube-proxy"] {
        assert!(found.contains(&component), "{found:?}");
    }
    // Another server has its watch cache all along.
    let one = run(120, "{apiServers: 3}", &steps.replace("what: down", "what: down, replicas: 1"));
    assert!(relists(&one).is_empty());
}

#[test]
fn a_slow_controller_manager_is_late_with_all_that_it_does() {
    let created = |factor: &str| {
        let text = format!(
            "apiVersion: shakedown.sim/v1alpha1\nkind: Scenario\nmetadata: {{name: slow}}\nspec:\n  duration: 1h\n  cluster: \
             {{nodePools: [{{name: n, count: 3}}]}}\n  steps:\n{factor}\n  - {{at: 61s, kubectl: scale deployment web \
             --replicas=3}}\n---{WEB}"
        );
        let scenario = from_text("slow.yaml", &text).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let mut simulation = Simulation::new(&scenario, &RunOptions::default());
        let mut third = None;
        let mut sink = |record: &Record| {
            if let Detail::Commit(commit) = &record.detail
                && record.at > SimTime::from_secs(60)
                && (commit.op, commit.id.kind) == (Op::Added, Kind::Pod)
            {
                third.get_or_insert(record.at.as_secs_f64() - 61.0);
            }
        };
        simulation.run_until(SimTime::from_secs(120), &mut sink).unwrap();
        third.unwrap()
    };
    let usual = created("");
    let slow =
        created("  - {at: 60s, fault: {controlPlane: {component: controllerManager, what: {slow: 100}}}}");
    // Two requests of 5 ms and two deliveries of 2 ms take a hundred times as long; the user's own request does not.
    assert!((slow - usual - 99.0 * 0.014).abs() < 1e-6, "{usual} {slow}");
}
