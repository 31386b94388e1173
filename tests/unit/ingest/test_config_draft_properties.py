"""Whatever is asked in whatever order and grouping, no reference ever points at nothing."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from services.ingest.core.config_changes import (
    Accepted,
    AnyVersion,
    Apply,
    Change,
    Delete,
    Put,
    PutOne,
    ResourceKey,
    Stored,
)
from services.ingest.core.config_draft import ConfigDraft
from shared.core.resources import (
    AnySpec,
    HmacCredential,
    Integration,
    Kind,
    MappingQuestion,
    NotificationRule,
    Resource,
    Webhook,
    references,
)

IDS = st.sampled_from(["a", "b"])
NAMES = st.sampled_from(["one", "two"])


class Table(dict[ResourceKey, Stored]):
    """A table that takes transactions as the topic would."""

    def of_organization(self, organization: str) -> Iterator[tuple[ResourceKey, Stored]]:
        yield from self.items()

    def holder_of(self, organization: str, question: MappingQuestion) -> ResourceKey | None:
        return None  # no mappings here: `test_mapping_questions` is about them

    def commit(self, draft: ConfigDraft) -> None:
        for record in draft.records("config"):
            kind, organization, resource_id = record.key.decode().split("/")
            key = ResourceKey(Kind(kind), organization, resource_id)
            if record.value is None:
                del self[key]
            else:
                self[key] = Stored(Resource.model_validate_json(record.value), len(self))


@st.composite
def puts(draw: st.DrawFn) -> Put:
    spec: AnySpec = draw(
        st.one_of(
            st.builds(HmacCredential, kind=st.just("hmac"), name=NAMES),
            st.builds(NotificationRule, name=NAMES, event_type=st.just("*")),
            st.builds(Webhook, name=NAMES, url=st.just("http://x/"), credentials=st.lists(IDS, max_size=1).map(tuple)),
            st.builds(Integration, name=NAMES, rule=IDS, webhook=IDS),
        )
    )
    kind = {
        HmacCredential: Kind.CREDENTIAL,
        NotificationRule: Kind.NOTIFICATION_RULE,
        Webhook: Kind.WEBHOOK,
        Integration: Kind.INTEGRATION,
    }[type(spec)]
    return Put(ResourceKey(kind, "acme", draw(IDS)), spec, at_ms=0)


CHANGES: st.SearchStrategy[Change] = st.one_of(
    puts().map(lambda put: PutOne(put, None)),
    puts().map(lambda put: PutOne(put, AnyVersion())),
    st.lists(puts(), max_size=4).map(lambda many: Apply(tuple(many))),
    st.builds(lambda kind, name: Delete(ResourceKey(kind, "acme", name), None), st.sampled_from(Kind), IDS),
)


@given(st.lists(st.lists(CHANGES, max_size=6), max_size=8))
def test_no_reference_ever_points_at_nothing(transactions: list[list[Change]]) -> None:
    table = Table()
    for changes in transactions:
        draft = ConfigDraft(table)
        planned = 0
        for change in changes:
            judgement = draft.judge(change)
            if isinstance(judgement, Accepted):
                planned += sum(part.record is not None for part in judgement.parts)
        assert len(draft.records("config")) == planned
        table.commit(draft)
        for stored in table.values():
            for _, kind, resource_id in references(stored.resource.spec):
                assert ResourceKey(kind, "acme", resource_id) in table
