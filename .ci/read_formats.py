"""Reads the files of a run with the reader that is named: perfetto, pyarrow or kubernetes."""

import json
import pathlib
import sys

reader, run = sys.argv[1], pathlib.Path(sys.argv[2])
records = json.loads((run / "summary.json").read_text())["records"]

def perfetto():
    from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace, TrackEvent

    trace = Trace.FromString((run / "trace.perfetto-trace").read_bytes())
    tracks, depth, flows, ends, names = {}, {}, set(), set(), set()
    last = {}
    for packet in trace.packet:

        if packet.HasField("track_descriptor"):
            track = packet.track_descriptor
            assert track.uuid not in tracks, "two tracks of one uuid"
            assert not track.parent_uuid or track.parent_uuid in tracks, "a track below none"
            tracks[track.uuid] = track.name
            continue
        event = packet.track_event
        assert event.track_uuid in tracks, "an event without a track"
        if event.type == TrackEvent.TYPE_SLICE_BEGIN:
            depth[event.track_uuid] = depth.get(event.track_uuid, 0) + 1
        if event.type == TrackEvent.TYPE_SLICE_END:
            depth[event.track_uuid] -= 1
            assert depth[event.track_uuid] >= 0, "an end without a beginning"
        if event.type == TrackEvent.TYPE_INSTANT:
            names.add(event.name)
        flows.update(event.flow_ids)
        ends.update(event.terminating_flow_ids)
        assert packet.timestamp >= 0
    assert not any(depth.values()), "a slice that does not end"
    assert flows and flows == ends, "an arrow with one end only"
    kinds = {name.split()[0] for name in tracks.values()}
    assert {"node", "pod", "container", "cluster"} <= kinds, kinds
    assert "the machine lost power" in names
    print(f"Perfetto trace: read with Perfetto's schema, {len(tracks)} tracks, {len(flows)} arrows")

def pyarrow():
    import pyarrow.csv
    import pyarrow.json

    table = pyarrow.csv.read_csv(run / "trace.csv")
    assert table.num_rows == records, (table.num_rows, records)
    assert table.column_names[:3] == ["time_s", "seq", "cause"]
    metrics = pyarrow.csv.read_csv(run / "metrics.csv")
    assert metrics.num_rows > 0
    events = pyarrow.csv.read_csv(run / "events.csv")
    # Fields of objects differ from line to line: only the columns are typed.
    lines = [json.loads(line) for line in (run / "trace.jsonl").read_text().splitlines()]
    assert len(lines) == records
    flat = b"".join(json.dumps({k: v for k, v in line.items() if k != "changed"}).encode() + b"\n" for line in lines)
    assert pyarrow.json.read_json(pyarrow.BufferReader(flat)).num_rows == records
    import pyarrow.parquet

    # The command in the documentation: a trace as Parquet.
    pyarrow.parquet.write_table(table, run / "trace.parquet")
    assert pyarrow.parquet.read_table(run / "trace.parquet").equals(table)
    print(f"CSV, Parquet and JSON lines: read by pyarrow, {table.num_rows} records, {metrics.num_rows} samples, {events.num_rows} events")

def kubernetes():
    from kubernetes import client

    text = (run / "events.json").read_text()
    listed = client.ApiClient().deserialize(text, "CoreV1EventList", "application/json")
    assert listed.items and all(item.involved_object.name and item.reason for item in listed.items)
    print(f"Kubernetes Events: read by the Kubernetes client, {len(listed.items)} events")

    import yaml

    lists = {"pods": "V1PodList", "nodes": "V1NodeList", "deployments": "V1DeploymentList",
             "replicasets": "V1ReplicaSetList", "services": "V1ServiceList", "endpointslices": "V1EndpointSliceList"}
    for kind, name in lists.items():
        text = (run / f"{kind}.json").read_text()
        # The client checks what is required and of which type each field is.
        listed = client.ApiClient().deserialize(text, name, "application/json")
        assert listed.items and all(item.metadata.uid for item in listed.items), kind
        assert yaml.safe_load((run / f"{kind}.yaml").read_text()) == json.loads(text), kind
    print(f"get -o json and -o yaml: read by the Kubernetes client, {', '.join(lists)}")

{"perfetto": perfetto, "pyarrow": pyarrow, "kubernetes": kubernetes}[reader]()
