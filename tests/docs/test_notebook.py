"""The notebook runs from top to bottom, and shows what it prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import ROOT


def test_the_notebook_shows_what_it_prints(approve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat = pytest.importorskip("nbformat")
    client = pytest.importorskip("nbclient")
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    page = ROOT / "docs" / "notebook.ipynb"
    notebook = nbformat.read(page, as_version=4)
    client.NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,  # a busy machine sends one print in two pieces
        resources={"metadata": {"path": str(ROOT)}},
    ).execute()
    notebook.metadata.language_info = {"name": "python"}  # without the version of this machine
    assert [cell for cell in notebook.cells if cell.cell_type == "code" and not cell.outputs] == []
    approve(page, nbformat.writes(notebook) + "\n")
