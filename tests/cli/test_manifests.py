"""`triage manifests cronjob`: what it prints, and that the samples in deploy/ are this."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT
from triage.sources.live.rights import RIGHTS


def objects(triage, *args: str) -> dict[str, dict]:
    told = triage("manifests", "cronjob", *args)
    assert (told.code, told.err) == (0, "")
    found = list(yaml.safe_load_all(told.out))
    assert len({o["kind"] for o in found}) == len(found)
    return {o["kind"]: o for o in found}


def pod_of(made: dict[str, dict]) -> dict:
    return made["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def test_everything_that_a_job_needs_and_nothing_more(triage) -> None:
    made = objects(triage)
    assert set(made) == {
        "ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "NetworkPolicy",
        "PersistentVolumeClaim", "CronJob",
    }  # fmt: skip
    verbs = {verb for kind in ("Role", "ClusterRole") for rule in made[kind]["rules"] for verb in rule["verbs"]}
    assert verbs == {"get", "list"}
    asked = [r for kind in ("Role", "ClusterRole") for rule in made[kind]["rules"] for r in rule["resources"]]
    assert sorted(asked) == sorted(right.resource for right in RIGHTS if not right.only_metrics)
    assert made["NetworkPolicy"]["spec"]["ingress"] == []
    assert made["NetworkPolicy"]["spec"]["egress"] == [
        {"ports": [{"protocol": "TCP", "port": 443}, {"protocol": "TCP", "port": 6443}]}
    ]
    assert made["ServiceAccount"]["automountServiceAccountToken"] is False


def test_the_job_does_not_pile_up_and_a_finding_is_not_tried_again(triage) -> None:
    spec = objects(triage, "--fail-on", "any", "--time-zone", "Asia/Shanghai")["CronJob"]["spec"]
    assert (spec["concurrencyPolicy"], spec["timeZone"], spec["schedule"]) == ("Forbid", "Asia/Shanghai", "7 * * * *")
    job = spec["jobTemplate"]["spec"]
    assert job["podFailurePolicy"]["rules"][0]["onExitCodes"]["values"] == [10, 11]
    assert job["template"]["spec"]["containers"][0]["args"][-2:] == ["--fail-on", "any"]
    assert "podFailurePolicy" not in objects(triage)["CronJob"]["spec"]["jobTemplate"]["spec"]


def test_a_namespace_of_its_own_is_restricted(triage) -> None:
    made = objects(triage, "--home", "watch", "-n", "openshift-dns", "--metrics", "--api-port", "8443")
    assert made["Namespace"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert made["CronJob"]["metadata"]["namespace"] == "watch"
    assert made["Role"]["metadata"]["namespace"] == "openshift-dns"
    assert made["RoleBinding"]["subjects"][0]["namespace"] == "watch"
    args = pod_of(made)["containers"][0]["args"]
    assert args[-3:] == ["--namespace", "openshift-dns", "--metrics"]
    assert made["NetworkPolicy"]["spec"]["egress"][0]["ports"][0]["port"] == 8443


def test_the_arguments_are_ones_that_the_program_takes(triage, tmp_path: Path) -> None:
    args = pod_of(objects(triage, "--fail-on", "likely"))["containers"][0]["args"]
    args = [arg.replace("/state", str(tmp_path)) for arg in args]
    told = triage(*args, "--kubeconfig", tmp_path / "none")
    assert told.code in {2, 3}
    assert "No such option" not in told.err
    assert (tmp_path / "history.db").exists()


@pytest.mark.parametrize(
    "wrong",
    [["--schedule", "TZ=UTC 7 * * * *"], ["--schedule", "hourly"], ["--since", "soon"], ["--image", "x y"],
     ["--home", "a/b"], ["--image", "$(reboot)"]],
)  # fmt: skip
def test_what_the_cluster_would_refuse_is_refused_here(triage, wrong: list[str]) -> None:
    told = triage("manifests", "cronjob", *wrong)
    assert (told.code, told.out) == (2, "")


@pytest.mark.parametrize("name", ["cronjob", "rbac"])
def test_the_samples_are_what_is_printed(triage, approve, name: str) -> None:
    approve(ROOT / "deploy" / f"{name}.yaml", triage("manifests", name).out)


CONTAINERFILE = (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8")


def test_the_image_is_made_of_files_that_exist_and_runs_as_nobody() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", CONTAINERFILE, re.MULTILINE)
    assert not [name for line in copied for name in line.split() if not (ROOT / name).exists()]
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", CONTAINERFILE, re.MULTILINE)
    assert not re.search(r":latest|^FROM [^$]", CONTAINERFILE, re.MULTILINE)
    packaged = set(re.findall(r'"triage\.\w+" = "(\w+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8")))
    assert packaged <= {name for line in copied for name in line.split()}


def test_it_runs_as_a_user_without_a_home_on_a_root_that_is_read_only(tmp_path: Path) -> None:
    """As in the image: nothing but /tmp can be written."""
    unshare = shutil.which("unshare")
    mounts = [unshare or "", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]), "--mount"]
    if not unshare or subprocess.run([*mounts, "true"], capture_output=True).returncode:
        assert not os.environ.get("CI"), "this machine cannot make a root that is read-only"
        pytest.skip("needs mount namespaces")
    script = (
        'mount -t tmpfs none "$1" && cd "$1" && mount -o remount,bind,ro / && ! touch /x 2>/dev/null && '
        'exec "$2" -m triage analyze "$3" --history "$1/h.db"'
    )
    story = ROOT / "sample_logs" / "master-subnet"
    command = [*mounts, "sh", "-c", script, "sh", str(tmp_path), sys.executable, str(story)]
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": str(tmp_path),
    }
    done = subprocess.run(command, capture_output=True, text=True, env=environ, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Possible (41 %)")


@pytest.mark.parametrize(
    ("schedule", "since", "told"),
    [
        ("7 * * * *", "30m", "between two runs lie up to 1:00:00; what is older than 30m"),
        ("0 8-18 * * *", "70m", "between two runs lie up to 14:00:00"),
        ("30 6 29 FEB *", "1w", "between two runs lie up to 1461 days"),
        ("0 0 1 * mon", "6d", "between two runs lie up to 7 days"),
        ("*/15 * * * *", "20m", ""),
        ("x * * * *", "1m", ""),
    ],
)
def test_a_window_shorter_than_the_pause_between_two_runs_is_told(triage, schedule: str, since: str, told: str) -> None:
    made = triage("manifests", "cronjob", "--schedule", schedule, "--since", since)
    assert made.err.startswith(told) if told else "between" not in made.err
    assert made.code == 0
