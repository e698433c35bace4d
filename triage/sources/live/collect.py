"""The plan of a collection: what is asked, in which order, and how many requests at a time."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue

from msgspec import Struct, field

from triage.model.collection import Collected, Progress, Trouble, Wish
from triage.sources.live import labels, products
from triage.sources.live.folder import write_manifest, write_objects, write_text
from triage.sources.live.gaps import as_data
from triage.sources.live.logs import LogRead, LogReader, Target, suspects
from triage.sources.live.pick import LISTS, NAME, light_node, light_pod, maps_of, restarts
from triage.sources.live.plain import Object, as_dict, meta_of, name_of
from triage.sources.live.reads import Fault, Reader, Stop, list_items, path_of, read_all, read_json

Task = Callable[[], None]
_GRACE_S = 2.0
_FATAL = frozenset({"unreachable", "unauthorized", "timeout"})
"""Faults of the API server itself: when all lists of pods end so, nothing else is asked."""
_METRICS_PORT = 9153
_METRICS_BYTES = 16 * 1024 * 1024


def collect(
    reader: Reader, wish: Wish, folder: Path, *, tool: str, started: str, progress: Progress, stopped: threading.Event
) -> Collected:
    """Write all that can be had into the folder; what could not is told by the manifest. `stopped` ends it early."""
    mask = os.umask(0o077)
    try:
        return _Collection(reader, wish, folder, progress, stopped).run(tool, started)
    finally:
        os.umask(mask)


class _Collection(Struct):
    reader: Reader
    wish: Wish
    folder: Path
    progress: Progress
    stopped: threading.Event
    troubles: list[Trouble] = field(default_factory=list)
    pods: dict[str, list[Object]] = field(default_factory=dict)
    """Namespace to its pods, with nothing but what is looked at here."""
    nodes: list[Object] = field(default_factory=list)
    logs: list[LogRead] = field(default_factory=list)
    version: str | None = None

    def run(self, tool: str, started: str) -> Collected:
        """All phases; each leaves the folder in a state that can be read."""
        reader = LogReader(self.reader, self.wish, self.folder, self.stopped)
        targets: list[Target] = []
        try:
            self._search()
            targets = self._targets()
            if not self._away():
                self._read(reader, targets)
                self._deepen(reader)
        except Stop:
            read = {log.target for log in self.logs}
            self.troubles += [t.trouble("stopped") for t in targets if t not in read]
        found = self._unread()
        cluster = self._cluster()
        about = {
            "tool": tool,
            "started": started,
            "interrupted": self.stopped.is_set(),
            "redaction": "none",
            "cluster": cluster,
            "asked": {"window": self.wish.asked or "all", "since": self.wish.since},
            "logs": [_of_log(log, self.wish) for log in sorted(self.logs, key=lambda log: log.target.file)],
            "products": list(found),
            "errors": [as_data(t) for t in sorted(set(self.troubles), key=str)],
        }
        write_manifest(self.folder, about)
        return Collected(
            self.folder, len(self.logs), len({t.pod for t in targets}), tuple(self.troubles), found,
            self.stopped.is_set(), cluster,
        )  # fmt: skip

    # Phase 1: where are the pods?

    def _search(self) -> None:
        spaces = self.wish.namespaces or labels.NAMESPACES
        tasks = [self._guarded(partial(self._pods_of, ns), "list", "pods", ns) for ns in spaces]
        self._run([*tasks, self._server_version])
        if not self._away() and (self.wish.everywhere or not (self.wish.namespaces or self._dns_pods())):
            self._run([self._guarded(self._pods_everywhere, "list", "pods")])
        if self._dns_pods():  # then it is not in the other usual places, and their silence is no trouble
            kept = {ns for ns, _ in self._dns_pods()}
            self.troubles = [t for t in self.troubles if t.resource != "pods" or t.namespace in kept]

    def _away(self) -> bool:
        """True when there is no use in asking further."""
        return not self.pods and bool(self.troubles) and _FATAL.issuperset(t.reason for t in self.troubles)

    def _pods_of(self, namespace: str) -> None:
        self._keep_pods(namespace, list_items(self.reader, _pods_path(namespace), self.stopped))
        if self.wish.selector is not None:
            chosen = list_items(self.reader, _pods_path(namespace), self.stopped, labelSelector=self.wish.selector)
            names = {name_of(pod) for pod in chosen}
            self.pods[namespace] = [{**p, "chosen": name_of(p) in names} for p in self.pods.get(namespace, [])]

    def _pods_everywhere(self) -> None:
        """Namespaces that hold pods with the labels, then the pods of these."""
        found = set()
        for selector in (self.wish.selector,) if self.wish.selector else labels.selectors():
            for pod in list_items(self.reader, _pods_path(None), self.stopped, labelSelector=selector):
                found.add(str(meta_of(pod).get("namespace")))
        for namespace in sorted(ns for ns in found - set(self.pods) if NAME.fullmatch(ns)):
            self._pods_of(namespace)

    def _keep_pods(self, namespace: str, items: Iterator[Object]) -> None:
        light: list[Object] = []

        def passing() -> Iterator[Object]:
            for item in items:
                light.append(light_pod(item))
                yield item

        number = write_objects(self.folder / "objects" / f"{namespace}.pods.json", "Pod", passing())
        if not number:
            (self.folder / "objects" / f"{namespace}.pods.json").unlink()
            return
        self.pods[namespace] = light

    def _node_list(self) -> None:
        def passing() -> Iterator[Object]:
            for item in list_items(self.reader, ("api", "v1", "nodes"), self.stopped):
                self.nodes.append(light_node(item))
                yield item

        write_objects(self.folder / "objects" / "nodes.json", "Node", passing())

    def _server_version(self) -> None:
        try:
            self.version = str(read_json(self.reader, "/version", self.stopped).get("gitVersion"))
        except Fault:  # nice to know, and nothing follows from its absence
            return

    def _dns_pods(self) -> list[tuple[str, Object]]:
        """Pods to read, with their namespaces."""
        every = ((namespace, pod) for namespace, pods in sorted(self.pods.items()) for pod in pods)
        if self.wish.selector is not None:
            return [(namespace, pod) for namespace, pod in every if pod.get("chosen")]
        return [(ns, pod) for ns, pod in every if labels.has_dns_label(pod) and not labels.is_old_kube_dns(pod)]

    def _targets(self) -> list[Target]:
        """Every log to read; of a container that was restarted, the one before as well."""
        found = []
        for namespace, pod in self._dns_pods():
            container = labels.container_of(pod, self.wish.container)
            if container is None or not (NAME.fullmatch(name_of(pod)) and NAME.fullmatch(container)):
                continue
            node = as_dict(pod.get("spec")).get("nodeName")
            current = Target(
                namespace,
                name_of(pod),
                container,
                node=str(node) if node else None,
                uid=str(meta_of(pod).get("uid") or ""),
            )
            if current.node is None:  # the API answers with an empty log
                self.troubles.append(current.trouble("pending"))
                continue
            found.append(current)
            if self.wish.previous and restarts(pod, container):
                found.append(Target(namespace, current.pod, container, True, current.node, current.uid))
        return found

    # Phase 2: the newest lines of every log, and everything that is small.

    def _read(self, reader: LogReader, targets: Sequence[Target]) -> None:
        def log_of(target: Target) -> Task:
            def task() -> None:
                try:
                    self.logs.append(reader.newest(target))
                except Fault as fault:
                    if not _is_no_log(target, fault):
                        self.troubles.append(target.trouble(fault.reason, fault.said))

            return task

        small = [
            task for namespace in dict.fromkeys(ns for ns, _ in self._dns_pods()) for task in self._around(namespace)
        ]
        nodes = self._guarded(self._node_list, "list", "nodes")
        self._run(
            [nodes, *map(log_of, targets), *small],
            lambda: self.progress(len(self.logs), len(targets), reader.bytes_read),
        )
        self._run([partial(self._confirm, reader, log) for log in suspects(self.logs)])
        for log in self.logs:
            self.troubles += log.troubles

    def _confirm(self, reader: LogReader, have: LogRead) -> None:
        self.logs[self.logs.index(have)] = reader.confirm(have)

    def _around(self, namespace: str) -> Iterator[Task]:
        """Everything beside the logs in one namespace."""
        mine = [pod for ns, pod in self._dns_pods() if ns == namespace]
        for resource, (group, kind, wanted) in LISTS.items():
            task = partial(self._list, namespace, resource, group, kind, partial(wanted, mine))
            yield self._guarded(task, "list", resource, namespace)
        for name in maps_of(mine):
            yield self._guarded(partial(self._configmap, namespace, name), "get", "configmaps", namespace, name)
        yield self._guarded(partial(self._subnets, namespace), "get", "configmaps", namespace, self.wish.subnets_map)
        if self.wish.metrics:
            for pod in map(name_of, mine):
                yield self._guarded(partial(self._scrape, namespace, pod), "get", "pods/proxy", namespace, pod)

    def _list(
        self, namespace: str, resource: str, group: tuple[str, ...], kind: str, wanted: Callable[[Object], bool]
    ) -> None:
        items = list_items(self.reader, (*group, "namespaces", namespace, resource), self.stopped)
        file = self.folder / "objects" / f"{namespace}.{resource}.json"
        write_objects(file, kind, (item for item in items if wanted(item)))

    def _configmap(self, namespace: str, name: str) -> None:
        found = read_json(self.reader, path_of("api", "v1", "namespaces", namespace, "configmaps", name), self.stopped)
        write_objects(self.folder / "objects" / f"{namespace}.configmap.{name}.json", "ConfigMap", [found])

    def _subnets(self, namespace: str) -> None:
        path = path_of("api", "v1", "namespaces", namespace, "configmaps", self.wish.subnets_map)
        told = as_dict(read_json(self.reader, path, self.stopped).get("data")).get("subnets.yaml")
        if isinstance(told, str) and told.strip():
            write_text(self.folder / "subnets.yaml", told)

    def _scrape(self, namespace: str, pod: str) -> None:
        path = path_of("api", "v1", "namespaces", namespace, "pods", f"{pod}:{_METRICS_PORT}", "proxy", "metrics")
        write_text(
            self.folder / "metrics" / namespace / f"{pod}.prom",
            read_all(self.reader, path, self.stopped, _METRICS_BYTES),
        )

    # Phase 3: what stands before the newest lines, first where there is trouble.

    def _deepen(self, reader: LogReader) -> None:
        waiting = sorted((log for log in self.logs if log.more), key=lambda log: (-log.failures, log.target.file))

        def deepen(have: LogRead) -> Task:
            def task() -> None:
                deep = reader.older(have)
                self.logs[self.logs.index(have)] = deep
                self.troubles.extend(t for t in deep.troubles if t not in have.troubles)

            return task

        done = len(self.logs) - len(waiting)
        self._run(
            [deepen(log) for log in waiting],
            lambda: self.progress(done + sum(not log.more for log in self.logs), len(self.logs), reader.bytes_read),
        )

    # How the requests run.

    def _guarded(
        self, task: Task, verb: str, resource: str, namespace: str | None = None, name: str | None = None
    ) -> Task:
        """The task with its faults noted; a named object that is not there is no trouble."""

        def run() -> None:
            try:
                task()
            except Fault as fault:
                if not (fault.reason == "missing" and name is not None and resource == "configmaps"):
                    self.troubles.append(Trouble(fault.reason, verb, resource, namespace, name, said=fault.said))

        return run

    def _run(self, tasks: Sequence[Task], tick: Callable[[], None] = lambda: None) -> None:
        """Work on the tasks in their order, so many at a time; raises what a task raises but for Stop.

        Threads of our own: those of the standard pool are waited for at exit, also when they hang in a read.
        """
        queue: SimpleQueue[Task] = SimpleQueue()
        for task in tasks:
            queue.put(task)
        errors: list[BaseException] = []

        def work() -> None:
            while not self.stopped.is_set() and not errors:
                try:
                    queue.get_nowait()()
                except (Empty, Stop):
                    return
                except BaseException as error:  # raised again below
                    errors.append(error)

        threads = [threading.Thread(target=work, daemon=True) for _ in range(min(self.wish.concurrency, len(tasks)))]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads) and not self.stopped.is_set():
            for thread in threads:
                thread.join(0.1)
            tick()
        for thread in threads:  # once stopped: what is being written is closed, a read that hangs is left alone
            thread.join(_GRACE_S / len(threads))
        if errors:
            raise errors[0]
        if self.stopped.is_set():
            raise Stop

    # What is told at the end.

    def _unread(self) -> tuple[str, ...]:
        all_pods = [pod for pods in self.pods.values() for pod in pods]
        caches = sum(labels.container_of(pod) == "node-cache" for _, pod in self._dns_pods())
        return products.products_of(all_pods, self.nodes, self.version, len(self._dns_pods()) - caches)

    def _cluster(self) -> dict[str, str]:
        who = self.reader.identity
        told = {
            "context": who.context,
            "server_version": self.version,
            "distribution": products.distribution_of(self.version, self.nodes),
        }
        return {key: value for key, value in told.items() if value}


def _pods_path(namespace: str | None) -> tuple[str, ...]:
    return ("api", "v1", "namespaces", namespace, "pods") if namespace else ("api", "v1", "pods")


def _is_no_log(target: Target, fault: Fault) -> bool:
    """The kubelet's word that a container never ran before."""
    return target.previous and fault.reason == "refused" and "previous terminated container" in fault.said


def _of_log(log: LogRead, wish: Wish) -> dict[str, object]:
    t = log.target
    return {
        "namespace": t.namespace, "pod": t.pod, "container": t.container, "previous": t.previous, "file": t.file,
        "asked": {"since": wish.since, "window": wish.asked or "all"},
        "received": {"first": log.first, "last": log.last, "lines": log.lines, "bytes": log.size_bytes},
        "whole": not log.more and not log.troubles,
    }  # fmt: skip
