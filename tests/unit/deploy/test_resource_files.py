"""Configuration files: what is read, and that a fault names file, document and field."""

from __future__ import annotations

from pathlib import Path
from string import Template

import pytest

import deploy
from deploy.cli.failures import Failed
from deploy.cli.resource_files import judge, parse, put_back, read_files
from deploy.local.demo.receiver_set import BEHAVIOURS, DEAD
from shared.core.faults import Fault

SAMPLES = Path(str(deploy.__file__)).parent / "samples"

GOOD = """
kind: webhook
id: desk
spec: {name: Desk, url: "https://example.com/hooks"}
---
kind: notification-rule
id: orders
spec: {name: Orders, event_type: order.*}
"""


def faults_of(text: str, name: str = "shop.yaml") -> list[str]:
    documents, faults = parse(name, text)
    return [fault.field for fault in faults + judge(documents)]


def test_good_documents_have_no_fault() -> None:
    assert faults_of(GOOD) == []


def test_empty_documents_are_left_out() -> None:
    documents, _ = parse("shop.yaml", f"---\n{GOOD}\n---\n# nothing\n")
    assert [each.content["id"] for each in documents] == ["desk", "orders"]


def test_every_sample_is_valid() -> None:
    anywhere = dict.fromkeys((*BEHAVIOURS, DEAD), "http://127.0.0.1:1")
    for folder in (SAMPLES, SAMPLES / "demo"):
        for name, text in read_files(folder):
            assert faults_of(Template(text).substitute(anywhere), name) == []


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("kind: webhook\nid: [", "shop.yaml, line 2, column 6"),
        ("- a list", "shop.yaml, document 1"),
        ("kind: webhook\nspec: {name: x, url: 'https://x.example'}", "shop.yaml, document 1: id"),
        ("kind: webhook\nid: desk", "shop.yaml, document 1 (webhook desk): spec"),
        ("kind: webhok\nid: desk\nspec: {}", "shop.yaml, document 1 (webhok desk): kind"),
        ("kind: [a]\nid: desk\nspec: {}", "shop.yaml, document 1 (['a'] desk): kind"),
        (
            "kind: webhook\nid: Desk\nspec: {name: x, url: 'https://x.example'}",
            "shop.yaml, document 1 (webhook Desk): id",
        ),
        ("kind: webhook\nid: desk\nspec: {name: x, url: nowhere}", "shop.yaml, document 1 (webhook desk): spec.url"),
        (
            "kind: webhook\nid: desk\nspec: {name: x, url: 'https://x.example', colour: red}",
            "shop.yaml, document 1 (webhook desk): spec.colour",
        ),
        (
            "kind: credential\nid: sig\nname: x\nspec: {kind: hmac, name: x}",
            "shop.yaml, document 1 (credential sig): name",
        ),
    ],
)
def test_a_fault_names_file_document_and_field(text: str, field: str) -> None:
    assert faults_of(text) == [field]


def test_a_resource_declared_twice_is_a_fault_that_names_the_first_place() -> None:
    documents, _ = parse("shop.yaml", f"{GOOD}---{GOOD}")
    faults = judge(documents)
    assert [fault.field for fault in faults] == [
        "shop.yaml, document 3 (webhook desk): id",
        "shop.yaml, document 4 (notification-rule orders): id",
    ]
    assert "shop.yaml, document 1" in faults[0].message


def test_the_servers_faults_are_put_back_to_their_documents() -> None:
    documents, _ = parse("shop.yaml", GOOD)
    said = [Fault("resources[1].spec.condition", "does not compile", "correct it"), Fault("(body)", "odd", "mend")]
    assert [fault.field for fault in put_back(said, documents)] == [
        "shop.yaml, document 2 (notification-rule orders): spec.condition",
        "(body)",
    ]


def test_a_folder_without_yaml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="no file that ends in"):
        read_files(tmp_path)
