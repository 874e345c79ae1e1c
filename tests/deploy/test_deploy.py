"""What lies in ``deploy/``, held against the validators of those who will read it, and against what our commands know."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from triplepoint.configuration.load import load_configuration

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "compose" / "compose.yaml"
MANIFESTS = sorted(path for path in (DEPLOY / "kubernetes").glob("*.yaml") if path.name != "kustomization.yaml")
KUBERNETES = "1.31"
ENVIRON = {
    "TRIPLEPOINT_DATABASE_URL": "postgresql://db/triplepoint",
    "TRIPLEPOINT_VALKEY_URL": "valkey://counters:6379/0",
    "OPENAI_API_KEY": "made-up",
}


def documents(path: Path) -> Iterator[dict[str, Any]]:
    """Read the documents of a file."""
    yield from (document for document in yaml.safe_load_all(path.read_text("utf-8")) if document)


def test_the_compose_file_is_one() -> None:
    """The file holds against the compose specification."""
    ran = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout


def test_the_validator_of_compose_files_finds_faults(tmp_path: Path) -> None:
    """A key that the specification does not know is refused."""
    wrong = tmp_path / "compose.yaml"
    wrong.write_text(COMPOSE.read_text("utf-8").replace("stop_grace_period:", "stop_grace_periode:"), "utf-8")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(wrong)]
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_each_manifest_is_one(path: Path) -> None:
    """Every document of a manifest holds against Kubernetes' own schema, strictly."""
    for document in documents(path):
        kubernetes_validate.validate(document, KUBERNETES, strict=True)


def test_the_validator_of_manifests_finds_faults() -> None:
    """A misspelt probe is refused."""
    (document,) = documents(DEPLOY / "kubernetes" / "statefulset.yaml")
    container = document["spec"]["template"]["spec"]["containers"][0]
    container["livenesProbe"] = container.pop("livenessProbe")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(document, KUBERNETES, strict=True)


def test_the_kustomization_names_what_is_there() -> None:
    """Every resource and every file of the map exists, and each file of the map is mounted where the program looks for it."""
    folder = DEPLOY / "kubernetes"
    (kustomization,) = documents(folder / "kustomization.yaml")
    assert sorted(kustomization["resources"]) == [path.name for path in MANIFESTS]
    (generated,) = kustomization["configMapGenerator"]
    files = [folder / name for name in generated["files"]]
    assert all(path.is_file() for path in files)
    (document,) = documents(folder / "statefulset.yaml")
    volumes = {volume["name"]: volume for volume in document["spec"]["template"]["spec"]["volumes"]}
    items = {item["key"]: item["path"] for item in volumes["files"]["configMap"]["items"]}
    mounted = {path.name: path.resolve().relative_to(DEPLOY / "configuration").as_posix() for path in files}
    assert items == mounted


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_kustomize_renders_what_holds() -> None:
    """Where kubectl is at hand: what it renders of the folder holds too, and its selectors find its pods."""
    command = ["kubectl", "kustomize", "--load-restrictor", "LoadRestrictionsNone", str(DEPLOY / "kubernetes")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    rendered = [document for document in yaml.safe_load_all(ran.stdout) if document]
    for document in rendered:
        kubernetes_validate.validate(document, KUBERNETES, strict=True)
    labels = next(one for one in rendered if one["kind"] == "StatefulSet")["spec"]["template"]["metadata"]["labels"]
    for service in (one for one in rendered if one["kind"] == "Service"):
        wanted = {key: value for key, value in service["spec"]["selector"].items() if "pod-name" not in key}
        assert wanted.items() <= labels.items()


def test_the_configuration_is_right() -> None:
    """The files that both examples mount load without a problem, for several workers too."""
    configuration = load_configuration(DEPLOY / "configuration", ENVIRON, date(2026, 11, 25))
    assert configuration.settings.database == "${TRIPLEPOINT_DATABASE_URL}"
    assert configuration.data == Path("/var/lib/triplepoint")


def test_every_variable_of_the_configuration_is_given() -> None:
    """What the files take from the environment, both examples hand in; no value of a secret stands in any file."""
    names = set(re.findall(r"\$\{(\w+)\}", (DEPLOY / "configuration" / "triplepoint.yaml").read_text("utf-8")))
    names.add("TRIPLEPOINT_SECRET")
    compose = yaml.safe_load(COMPOSE.read_text("utf-8"))
    for service in ("gateway", "control"):
        assert names <= set(compose["services"][service]["environment"])
    example = (DEPLOY / "kubernetes" / "secrets.env.example").read_text("utf-8")
    assert names <= set(re.findall(r"^(\w+)=", example, re.MULTILINE))
    wanted = set(re.findall(r"\$\{(\w+):\?", COMPOSE.read_text("utf-8")))
    assert wanted == set(re.findall(r"^(\w+)=$", (DEPLOY / "compose" / "env.example").read_text("utf-8"), re.MULTILINE))


def test_nothing_runs_as_root_or_writes_where_it_must_not() -> None:
    """In both examples our processes have a user, no capabilities and a file system that only their data folder may change."""
    compose = yaml.safe_load(COMPOSE.read_text("utf-8"))
    for name in ("gateway", "control"):
        service = compose["services"][name]
        assert (service["user"], service["read_only"], service["cap_drop"]) == ("10001:10001", True, ["ALL"])
    (document,) = documents(DEPLOY / "kubernetes" / "statefulset.yaml")
    pod = document["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"]
    for container in pod["containers"]:
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    users = re.findall(r"^USER (.*)$", (DEPLOY / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert users == ["10001:10001"]


def test_every_copied_path_is_in_the_context() -> None:
    """What the image needs to be built is not left out by .dockerignore, and exists."""
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    assert all((ROOT / name).exists() for name in kept)
    built = json.loads(json.dumps(_forced())) | {"src": "", "pyproject.toml": "", "requirements.lock": "", "README.md": ""}
    assert set(built) <= kept


def _forced() -> dict[str, str]:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return dict(project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"])
