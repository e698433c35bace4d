"""Files beside the logs: pods, nodes, events, subnets, configuration."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import random

import yaml

from bench.simulator import dice
from bench.simulator.corefile import corefile_text
from bench.simulator.engine import Run
from bench.simulator.saved import Saved, last_life
from bench.simulator.world import Node, Replica, World

Json = dict[str, object]


def age(seconds: float) -> str:
    """As kubectl prints ages.

    >>> [age(s) for s in (42, 250, 4000, 100_000, 900_000)]
    ['42s', '4m10s', '66m', '27h', '10d']
    """
    s = int(seconds)
    if s < 120:
        return f"{s}s"
    if s < 600:
        return f"{s // 60}m{s % 60}s" if s % 60 else f"{s // 60}m"
    if s < 3 * 3600:
        return f"{s // 60}m"
    return f"{s // 3600}h" if s < 48 * 3600 else f"{s // 86400}d"


def table(head: list[str], rows: list[list[str]]) -> str:
    """Columns as kubectl aligns them."""
    widths = [max(len(r[i]) for r in [head, *rows]) for i in range(len(head))]
    return "".join(
        "   ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() + "\n" for r in [head, *rows]
    )


def pod_state(run: Run, replica: str) -> tuple[str, int, float | None, str | None, bool]:
    """Status, restarts, seconds since the last restart, reason of the last end, ready."""
    started = [p for p in run.processes[replica] if p.start_s < run.plan.window_s]
    lives = run.plan.lives[replica]
    ended = [life for life in lives if life.end_s < run.plan.window_s and life.ends_by]
    current = last_life(run, replica)
    if current is None:
        return "ContainerCreating", 0, None, None, False
    waiting = current.end_s < run.plan.window_s
    reason = {"oom": "OOMKilled", "loop": "Error", "sigterm": "Completed"}.get(ended[-1].ends_by) if ended else None
    status = "Running"
    if waiting:
        status = "CrashLoopBackOff" if len(started) > 2 else reason or "Error"
    return (
        status,
        len(started) - 1,
        run.plan.window_s - current.start_s if len(started) > 1 else None,
        reason,
        not waiting and run.plan.window_s - current.start_s > 8,
    )


def pods_text(run: Run, rng: random.Random) -> str:
    """`kubectl get pods -o wide`."""
    rows, plan = [], run.plan
    for replica in plan.world.replicas:
        status, restarts, ago, _, ready = pod_state(run, replica.name)
        born = plan.window_s - plan.lives[replica.name][0].start_s
        count = f"{restarts} ({age(ago)} ago)" if ago is not None else str(restarts)
        size = 2 if plan.world.dist.daemonset else 1
        rows.append(
            [
                replica.name,
                f"{size if ready else size - 1}/{size}",
                status,
                count,
                age(max(born, 1)),
                replica.ip,
                replica.node.name,
                "<none>",
                "<none>",
            ]
        )
    if rng.random() < 0.3:
        for node in plan.world.nodes[:4]:
            rows.append(
                [
                    f"kube-proxy-{dice.suffix(rng, 5)}",
                    "1/1",
                    "Running",
                    "0",
                    "97d",
                    node.ip,
                    node.name,
                    "<none>",
                    "<none>",
                ]
            )
    return table(
        ["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE", "NOMINATED NODE", "READINESS GATES"], rows
    )


def _iso(run: Run, at_s: float) -> str:
    return dt.datetime.fromtimestamp(int(run.plan.epoch_s + at_s), dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def pods_json(run: Run) -> str:
    """`kubectl get pods -o json`."""
    return (
        json.dumps(
            {"apiVersion": "v1", "kind": "List", "items": [_pod(run, r) for r in run.plan.world.replicas]}, indent=1
        )
        + "\n"
    )


def _pod(run: Run, replica: Replica) -> Json:
    dist, plan = run.plan.world.dist, run.plan
    status, restarts, _, reason, ready = pod_state(run, replica.name)
    born, current = plan.lives[replica.name][0].start_s, last_life(run, replica.name)
    state: Json = {"running": {"startedAt": _iso(run, current.start_s if current else born)}}
    if status != "Running":
        state = {"waiting": {"reason": status}}
    container: Json = {"name": dist.container, "ready": ready, "restartCount": restarts, "state": state}
    if reason and restarts:
        ended = [life for life in plan.lives[replica.name] if life.end_s < plan.window_s][-1]
        code = {"OOMKilled": 137, "Error": 1}.get(reason, 0)
        container["lastState"] = {
            "terminated": {
                "reason": reason,
                "exitCode": code,
                "startedAt": _iso(run, ended.start_s),
                "finishedAt": _iso(run, ended.end_s),
            }
        }
    image = dist.image.format(version=plan.release.text, region=plan.world.region)
    labels = {"k8s-app": "kube-dns"} if not dist.daemonset else {"dns.operator.openshift.io/daemonset-dns": "default"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": replica.name,
            "namespace": dist.namespace,
            "creationTimestamp": _iso(run, born),
            "labels": labels,
        },
        "spec": {
            "nodeName": replica.node.name,
            "dnsPolicy": "Default",
            "containers": [{"name": dist.container, "image": image}],
        },
        "status": {
            "phase": "Running",
            "hostIP": replica.node.ip,
            "podIP": replica.ip,
            "startTime": _iso(run, born),
            "containerStatuses": [container],
        },
    }


def nodes_text(run: Run, saved: Saved) -> str:
    """`kubectl get nodes -o wide`, perhaps with the zone as a column."""
    world, rows = run.plan.world, []
    zones = saved.zones_shown and any(n.az for n in world.nodes)
    for node in world.nodes:
        role = "control-plane" if node.role == "control-plane" else "worker" if world.dist.daemonset else "<none>"
        row = [node.name, "Ready", role, "181d", "v1.29.8", node.ip, "<none>", *node.system, world.dist.runtime]
        rows.append(row + ([node.az or ""] if zones else []))
    head = [
        "NAME",
        "STATUS",
        "ROLES",
        "AGE",
        "VERSION",
        "INTERNAL-IP",
        "EXTERNAL-IP",
        "OS-IMAGE",
        "KERNEL-VERSION",
        "CONTAINER-RUNTIME",
    ]
    return table(head + (["ZONE"] if zones else []), rows)


def nodes_json(run: Run, saved: Saved) -> str:
    """`kubectl get nodes -o json`."""
    world = run.plan.world
    return (
        json.dumps(
            {"apiVersion": "v1", "kind": "List", "items": [_node(world, n, saved) for n in world.nodes]}, indent=1
        )
        + "\n"
    )


def _node(world: World, node: Node, saved: Saved) -> Json:
    labels = {"kubernetes.io/hostname": node.name, "kubernetes.io/os": "linux"}
    if node.role == "control-plane":
        labels["node-role.kubernetes.io/control-plane"] = ""
    if node.az and saved.zones_shown:
        labels["topology.kubernetes.io/zone"] = node.az
    if node.pool and world.dist.pool_label:
        labels[world.dist.pool_label] = node.pool
    notes = {}
    if saved.networks_shown:
        notes["projectcalico.org/IPv4Address"] = (
            f"{node.ip}/{ipaddress.ip_network(world.subnets[node.subnet]).prefixlen}"
        )
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": node.name, "labels": labels, "annotations": notes},
        "status": {
            "addresses": [{"type": "InternalIP", "address": node.ip}, {"type": "Hostname", "address": node.name}],
            "conditions": [{"type": "Ready", "status": "True"}],
            "nodeInfo": {
                "kernelVersion": node.system[1],
                "osImage": node.system[0],
                "containerRuntimeVersion": world.dist.runtime,
                "kubeletVersion": "v1.29.8",
            },
        },
    }


def events_text(run: Run, rng: random.Random) -> str:
    """`kubectl get events`: what an hour of events still shows."""
    rows, plan = [], run.plan
    for replica in plan.world.replicas:
        status, restarts, ago, reason, _ = pod_state(run, replica.name)
        pod = f"pod/{replica.name}"
        if reason == "OOMKilled":
            rows.append(
                [
                    age(ago or 60),
                    "Warning",
                    "OOMKilling",
                    f"node/{replica.node.name}",
                    "Memory cgroup out of memory: Killed process 31337 (coredns)",
                ]
            )
        if status == "CrashLoopBackOff" or restarts > 2:
            rows.append(
                [
                    age(rng.uniform(5, 200)),
                    "Warning",
                    "BackOff",
                    pod,
                    f"Back-off restarting failed container {plan.world.dist.container} in pod {replica.name}",
                ]
            )
        elif restarts and ago is not None and ago < 3600:
            rows.append([age(ago), "Normal", "Started", pod, f"Started container {plan.world.dist.container}"])
    rows.append(
        [
            age(rng.uniform(60, 3500)),
            "Normal",
            "SuccessfulCreate",
            f"job/backup-{rng.randint(10**7, 10**8)}",
            "Created pod: backup",
        ]
    )
    return table(["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"], rows)


def other_files(run: Run, saved: Saved, rng: random.Random) -> dict[str, str]:
    """Everything that is neither log nor scrape."""
    plan, out = run.plan, dict[str, str]()
    corefile = corefile_text(plan.settings, plan.world)
    if saved.corefile == "Corefile":
        out["Corefile"] = corefile
    elif saved.corefile:
        body = "".join(f"    {row}".rstrip() + "\n" for row in corefile.splitlines())
        name = "coredns" if not plan.world.dist.daemonset else "dns-default"
        head = f"metadata:\n  name: {name}\n  namespace: {plan.world.dist.namespace}\n"
        out["coredns.yaml"] = f"apiVersion: v1\nkind: ConfigMap\n{head}data:\n  Corefile: |\n{body}"
    if saved.pods:
        out[f"pods.{saved.pods}"] = pods_text(run, rng) if saved.pods == "txt" else pods_json(run)
    if saved.nodes:
        out[f"nodes.{saved.nodes}"] = nodes_text(run, saved) if saved.nodes == "txt" else nodes_json(run, saved)
    if saved.subnets:
        out["subnets.yaml"] = yaml.safe_dump(plan.world.subnets, sort_keys=True)
    if saved.events:
        out["events.txt"] = events_text(run, rng)
    by_name = {n.name: n for n in plan.world.nodes}
    for name in saved.resolv_confs:
        servers = "".join(f"nameserver {u.rsplit(':', 1)[0]}\n" for u in resolvers_shown(run, by_name[name]))
        search = f"search {' '.join(s.rstrip('.') for s in plan.world.search)}\n" if plan.world.search else ""
        out[f"{name}.resolv.conf"] = search + servers
    return out


def resolvers_shown(run: Run, node: Node) -> tuple[str, ...]:
    """The nameservers of the node's resolv.conf; the local stub where a loop comes from it."""
    looping = {
        r.node.name
        for f in run.plan.faults
        if f.mode == "loop"
        for r in run.plan.world.replicas
        if r.name in f.replicas
    }
    return ("127.0.0.53:53",) if node.name in looping else node.resolvers
