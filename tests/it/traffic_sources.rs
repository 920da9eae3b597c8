//! Who sends requests and when: every kind of source, with the numbers that it must come to.

use super::traffic::{intervals, program, run, scenario, web};

/// Requests sent in each interval of ten seconds.
fn sent(load: &str) -> Vec<u64> {
    let spec = format!(
        "
  duration: 60s
  traffic:
    interval: 10s
    sources: [{{service: default/web, {load}}}]
"
    );
    let records = run(&scenario(&spec, &(program("") + &web(1, "", ""))));
    let mut counts = vec![0; 6];
    for (at, sample) in intervals(&records) {
        counts[(at / 10.0) as usize - 1] += sample.sent;
    }
    counts
}

#[test]
fn open_loop_sources_follow_their_rate() {
    // A request at the very end of an interval counts in it.
    assert_eq!(sent("rate: 4, from: 12s, until: 42s"), [0, 33, 40, 40, 7, 0]);
    assert_eq!(
        sent("rate: {step: [{at: 10s, rate: 1}, {at: 30s, rate: 5}, {at: 50s, rate: 0}]}"),
        [1, 10, 10, 50, 50, 0]
    );
    // t²/4 requests after t seconds: 0, 25, 100, 225, 400, 625, 900.
    let ramp = sent("rate: {ramp: {from: 0, to: 30, over: 60s}}");
    assert_eq!(ramp, [26, 75, 125, 175, 225, 275]);
    // A day of a minute from 2 to 10 a second: 6 on average, least at both ends.
    let day = sent("rate: {diurnal: {low: 2, high: 10, period: 60s}}");
    assert!((360..=361).contains(&day.iter().sum::<u64>()), "{day:?}");
    assert!(day[0] < 30 && day[2] > 90 && day[5] < 30, "{day:?}");
}

#[test]
fn poisson_sources_scatter_around_their_rate() {
    let counts = sent("rate: {poisson: 100}");
    let total: u64 = counts.iter().sum();
    // Six standard deviations of 77.
    assert!((5_540..6_460).contains(&total), "{total}");
    assert!(counts.iter().any(|count| *count != 1_000), "{counts:?}");
    // The rate of a Poisson process may vary, too.
    let ramp = sent("rate: {poisson: {ramp: {from: 0, to: 100, over: 60s}}}");
    assert!(ramp[0] < ramp[3] && ramp[3] < ramp[5], "{ramp:?}");
}

/// Each user has an answer after 2 ms (four times half a millisecond), and thinks for 998 ms: one request a second.
#[test]
fn closed_loop_users_wait_think_and_send() {
    let counts = sent("users: {count: 5, think: 998ms, rampUp: 0s}, from: 10s");
    assert_eq!(counts[2..5], [50, 50, 50], "{counts:?}");
    let slowly = sent("users: {count: 5, think: 998ms, rampUp: 20s}, from: 10s");
    assert!(slowly[1] < 25 && slowly[2] < 50 && slowly[4] == 50, "{slowly:?}");
}

#[test]
fn a_trace_gives_the_rate_of_every_time() {
    let dir = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("traffic-trace");
    std::fs::create_dir_all(&dir).unwrap();
    let rest = program("") + &web(1, "", "");
    let spec = "
  duration: 60s
  traffic:
    interval: 10s
    sources: [{service: default/web, rate: {trace: load.csv}}]
  expect: [{at: 60s, traffic: default/web, sent: {min: 219, max: 221}}]
";
    std::fs::write(dir.join("load.csv"), "time_s,rate\n0,2\n20,8\n40,1\n").unwrap();
    let file = dir.join("scenario.yaml");
    std::fs::write(&file, scenario(spec, &rest)).unwrap();
    let load = || shakedown::scenario::load(std::slice::from_ref(&file), &shakedown::scenario::any_line);
    let scenario = load().unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let mut simulation = shakedown::sim::Simulation::new(&scenario, &shakedown::sim::RunOptions::default());
    let end = simulation.world.end;
    simulation.run_until(end, &mut |_| ()).unwrap();
    let verdict = simulation.finish(&mut |_| ());
    assert!(verdict.expectations.iter().all(|checked| checked.held()), "{:?}", verdict.expectations);
    // What is wrong with a file is told with its line.
    std::fs::write(dir.join("load.csv"), "time_s,rate\n0,2\n20,many\n").unwrap();
    let text = load().err().unwrap().render(false);
    assert!(text.contains("load.csv:3: expected a time in seconds and a rate"), "{text}");
}
