"""External mappings over a running ingest: one, many, pages, and look-ups in both directions."""

from typing import Any

import httpx
import pytest

from tests.component.ingest.api_calls import apply, problem, put
from tests.component.ingest.conftest import StartIngest


def mapping(name: str, entity_id: str = "b-1", external_id: str = "INV-1", **more: str) -> dict[str, str]:
    """A spec of a test's own: its name is the external system."""
    return {
        "entity_type": "bill",
        "entity_id": entity_id,
        "external_system": name,
        "external_table": "invoices",
        "external_id": external_id,
        **more,
    }


def create(http: httpx.Client, *specs: object) -> httpx.Response:
    return http.post("/v1/mappings", json={"mappings": list(specs)})


def found(http: httpx.Client, **asked: str) -> dict[str, Any]:
    response = http.get("/v1/mappings", params=asked)
    assert response.status_code == 200, response.text
    document: dict[str, Any] = response.json()
    return document


def test_a_mapping_lives_from_create_to_delete(http: httpx.Client, name: str) -> None:
    path = f"/v1/mappings/{name}"
    created = put(http, path, mapping(name))
    assert created.status_code == 201
    assert created.json()["spec"] == mapping(name)
    assert http.get(path).json() == created.json()

    assert problem(put(http, path, mapping(name, external_id="INV-2")), 428) == ["If-Match"]
    edited = put(http, path, mapping(name, external_id="INV-2"), created.headers["etag"])
    assert edited.json()["spec"]["external_id"] == "INV-2"
    assert found(http, external_system=name, external_id="INV-1")["items"] == []
    assert found(http, external_system=name, external_id="INV-2")["items"] == [edited.json()]

    assert http.delete(path, headers={"if-match": edited.headers["etag"]}).status_code == 204
    problem(http.get(path), 404)
    assert found(http, entity_type="bill", entity_id="b-1", external_system=name)["items"] == []


def test_both_directions_lead_to_the_same_mappings(http: httpx.Client, name: str) -> None:
    specs = [mapping(name), mapping(name, external_table="journal"), mapping(name, "b-2", "INV-1")]
    assert create(http, *specs).status_code == 200

    def specs_found(**asked: str) -> list[dict[str, str]]:
        return sorted((each["spec"] for each in found(http, **asked)["items"]), key=specs.index)

    assert specs_found(entity_type="bill", entity_id="b-1", external_system=name) == specs[:2]
    assert specs_found(external_system=name, external_id="INV-1") == specs
    assert specs_found(external_system=name, external_id="INV-1", external_table="journal") == specs[1:2]


def test_many_come_in_one_transaction_and_again_change_nothing(http: httpx.Client, name: str) -> None:
    specs = [mapping(name, f"b-{number}", f"INV-{number}") for number in range(1_000)]
    first = create(http, *specs).json()["mappings"]
    assert [each["change"] for each in first] == ["created"] * 1_000
    versions = [each["version"] for each in first]
    assert versions == list(range(versions[0], versions[0] + 1_000))

    specs[7]["external_id"] = "changed"
    again = create(http, *specs).json()["mappings"]
    assert [each["id"] for each in again] == [each["id"] for each in first]
    assert [place for place, each in enumerate(again) if each["change"] == "updated"] == [7]
    assert sum(each["change"] == "unchanged" for each in again) == 999


def test_pages_show_each_mapping_once_by_id(http: httpx.Client, name: str) -> None:
    create(http, *(mapping(name, f"b-{number}", "same") for number in range(7)))
    asked = {"external_system": name, "external_id": "same", "limit": "3"}
    page = found(http, **asked)
    pages = [page]
    while page["next"] is not None:
        page = found(http, **asked, cursor=page["next"])
        pages.append(page)
    ids = [each["id"] for page in pages for each in page["items"]]
    assert [len(page["items"]) for page in pages] == [3, 3, 1]
    assert ids == sorted(set(ids))


def test_a_second_answer_is_refused_whoever_named_it(http: httpx.Client, name: str) -> None:
    assert apply(http, [{"kind": "mapping", "id": name, "spec": mapping(name)}]).status_code == 200
    other = mapping(name, external_id="other")
    assert problem(put(http, f"/v1/mappings/{name}-2", other), 422) == ["entity_id"]
    applied = apply(http, [{"kind": "mapping", "id": f"{name}-2", "spec": other}])
    assert problem(applied, 422) == ["resources[0].spec.entity_id"]
    created = create(http, mapping(name, "b-2"), other)
    assert problem(created, 422) == ["mappings[1].entity_id"]
    assert f"mapping '{name}'" in created.text
    assert found(http, entity_type="bill", entity_id="b-2", external_system=name)["items"] == []


def test_a_request_names_every_bad_mapping_and_writes_none(http: httpx.Client, name: str) -> None:
    bad = mapping(name, "b-2")
    del bad["external_id"]
    refused = create(http, mapping(name), bad, "no object", mapping(name, "b-3", typo="x"))
    assert set(problem(refused, 422)) == {"mappings[1].external_id", "mappings[2]", "mappings[3].typo"}
    assert found(http, external_system=name, external_id="INV-1")["items"] == []


@pytest.mark.parametrize("document", [{}, {"mappings": {}}, {"mappings": [], "more": 1}, {"mappings": [{}] * 1_001}])
def test_what_is_no_list_of_bounded_length_is_refused(http: httpx.Client, document: object) -> None:
    (field,) = problem(http.post("/v1/mappings", json=document), 422)
    assert field in ("mappings", "more")


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ({"entity_type": "bill"}, ["entity_id"]),
        ({"external_id": "INV-1"}, ["external_system"]),
        ({"external_table": "invoices"}, ["entity_id", "entity_type"]),
        ({"limit": "0"}, ["limit"]),
        ({"limit": "201"}, ["limit"]),
        ({"limit": "ten"}, ["limit"]),
        ({"cursor": "Not an id"}, ["cursor"]),
        ({"entity": "bill"}, ["entity"]),
    ],
)
def test_a_lookup_that_cannot_be_answered_is_refused(
    http: httpx.Client, asked: dict[str, str], fields: list[str]
) -> None:
    assert problem(http.get("/v1/mappings", params=asked), 422) == fields


def test_organizations_never_see_each_others_mappings(
    start_ingest: StartIngest, http: httpx.Client, kafka_bootstrap: str, shared_prefix: str, name: str
) -> None:
    assert put(http, f"/v1/mappings/{name}", mapping(name)).status_code == 201
    with start_ingest(kafka_bootstrap, shared_prefix, organization="stranger") as other:
        assert found(other.http) == {"items": [], "next": None}
        assert found(other.http, entity_type="bill", entity_id="b-1")["items"] == []
        assert found(other.http, external_system=name, external_id="INV-1")["items"] == []
        problem(other.http.get(f"/v1/mappings/{name}"), 404)
        problem(other.http.delete(f"/v1/mappings/{name}"), 404)
        assert put(other.http, f"/v1/mappings/{name}", mapping(name, external_id="theirs")).status_code == 201
    assert http.get(f"/v1/mappings/{name}").json()["spec"]["external_id"] == "INV-1"


def test_the_document_of_the_api_shows_how_to_look_up_and_what_to_send(http: httpx.Client) -> None:
    document = http.get("/openapi.json").json()
    operations = document["paths"]["/v1/mappings"]
    assert {each["name"] for each in operations["get"]["parameters"]} == {
        "entity_type", "entity_id", "external_system", "external_table", "external_id", "limit", "cursor",
    }  # fmt: skip
    body = operations["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"]["mappings"]["items"] == {"$ref": "#/components/schemas/Mapping"}
    assert all("description" in each for each in document["components"]["schemas"]["Mapping"]["properties"].values())
