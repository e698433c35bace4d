"""`python -m bench.page`: size of reports on many replicas, and how long Chromium takes to open the HTML one."""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

from msgspec.structs import replace

from tests.browser.conftest import MODULES
from triage import pipeline
from triage.model.report import Report
from triage.render import FORMS, Style

TARGET_BYTES, TARGET_MS, TICKET = 2_000_000, 1000.0, 30_000
OPEN = """
const { chromium } = require(process.argv[1] + "/playwright-core");
(async () => {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
  const times = [];
  for (let i = 0; i < 5; i++) {
    const page = await browser.newPage();
    await page.goto("file://" + process.argv[2]);
    times.push(await page.evaluate(() => performance.getEntriesByType("navigation")[0].loadEventEnd));
    await page.close();
  }
  console.log(Math.min(...times));
  await browser.close();
})();
"""


def log_of(replica: int, fails: bool) -> str:
    """Ten minutes of one replica: queries, and every other minute a failure where the fault is."""
    lines = []
    for second in range(0, 600, 20):
        stamp = f"2026-03-12T10:{second // 60:02}:{second % 60:02}.{replica:09}Z"
        lines.append(
            f'{stamp} [INFO] 10.1.{replica % 250}.9:4000 - {second} "A IN www.example.com. udp 33 false 512" '
            f"NOERROR qr,rd,ra 60 0.004s"
        )
        if fails and second >= 240:
            lines.append(
                f"{stamp} [ERROR] plugin/errors: 2 n{second}.example.org. A: "
                f"read udp 10.32.{replica % 250}.7:42449->10.20.0.53:53: i/o timeout"
            )
    return "\n".join(lines) + "\n"


def report_on(n: int) -> tuple[Report, pipeline.Catalogue]:
    """A cluster of `n` replicas on `n` nodes in twelve subnets; one subnet fails."""
    rulebook = pipeline.load_rulebook(None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pods = ["NAME READY STATUS RESTARTS AGE IP NODE"]
        nodes = ["NAME STATUS ROLES AGE VERSION INTERNAL-IP"]
        for i in range(n):
            pod, node, subnet = f"coredns-5d78c9869d-{i:05}", f"edge-{i:03}", i % 12
            (folder / f"{pod}.log").write_text(log_of(i, subnet == 5), encoding="utf-8")
            pods.append(f"{pod} 1/1 Running 0 9d 10.32.{i % 250}.7 {node}")
            nodes.append(f"{node} Ready <none> 90d v1.31.2 10.50.{subnet}.{i // 12 + 1}")
        (folder / "pods.txt").write_text("\n".join(pods) + "\n", encoding="utf-8")
        (folder / "nodes.txt").write_text("\n".join(nodes) + "\n", encoding="utf-8")
        subnets = "".join(f"net{s}: 10.50.{s}.0/24\n" for s in range(12))
        (folder / "subnets.yaml").write_text(subnets, encoding="utf-8")
        report = pipeline.analyze(pipeline.load_bundle([name], None), rulebook, now_ns=1_773_310_800 * 10**9)
    return replace(report, generated_ns=0), pipeline.catalogue(rulebook, "en")


def main() -> None:
    """Print the size of every form, and the time to open the page."""
    parser = argparse.ArgumentParser(prog="python -m bench.page", description=__doc__)
    parser.add_argument("--replicas", type=int, default=300)
    options = parser.parse_args()
    report, words = report_on(options.replicas)
    print(f"{len(report.coverage.replicas)} replicas; {report.hypotheses[0].cause} {report.hypotheses[0].scope}"[:120])
    for form in FORMS:
        text = form(report, words, Style())
        print(f"{form.name:12} {len(text):>9} characters, limit {form.limit or 'none'}")
        if form.name == "html":
            with tempfile.TemporaryDirectory() as name:
                path = Path(name) / "report.html"
                path.write_text(text, encoding="utf-8")
                run = subprocess.run(
                    ["node", "-e", OPEN, str(MODULES), str(path)], capture_output=True, text=True, check=True
                )
            ms = float(run.stdout)
            met = len(text.encode()) <= TARGET_BYTES and ms < TARGET_MS
            verdict = "met" if met else "missed"
            print(f"  opens in {ms:.0f} ms; targets {TARGET_BYTES} bytes and {TARGET_MS:.0f} ms {verdict}")


if __name__ == "__main__":
    main()
