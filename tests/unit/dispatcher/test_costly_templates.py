"""Templates that take long: the event loop goes on, and one organization's do not take the time of another's."""

import asyncio
from typing import Any

from services.dispatcher.core.request_building import Unrenderable
from services.dispatcher.rendering import Renderer
from shared.core.resources import Integration
from tests.unit.dispatcher.samples import event, integration, request, webhook


def native(**template: Any) -> Integration:
    return integration(kind="native", request=template)


def test_the_loop_goes_on_while_a_costly_template_is_evaluated() -> None:
    renderer = Renderer()
    spec = native(body="data.big.map(a, data.big == data.big)")
    sent = event(data={"big": list(range(9_000))})

    async def both() -> tuple[list[int], str]:
        turns: list[int] = []
        work = asyncio.ensure_future(renderer.render(request(), spec, webhook(), sent.encode(), None, None))
        while not work.done():
            turns.append(1)
            await asyncio.sleep(0)
        failed = work.exception()
        assert isinstance(failed, Unrenderable)
        return turns, failed.detail

    turns, detail = asyncio.run(both())
    assert len(turns) > 10
    assert "50 ms" in detail
    renderer.close()


def test_an_organization_that_uses_up_its_time_does_not_use_up_that_of_others() -> None:
    renderer = Renderer()
    spec = native(body="data.big.map(a, data.big == data.big)")
    harmless = native(body="data.items.map(a, a.map(b, {'n': b}))")
    sent = event(data={"big": list(range(9_000)), "items": [[1]]})

    def detail(of: Integration, organization: str) -> str:
        try:
            asyncio.run(renderer.render(request(organization=organization), of, webhook(), sent.encode(), None, None))
        except Unrenderable as failure:
            return failure.detail
        return "made"

    said = [detail(spec, "hostile") for _ in range(60)]
    assert "used up their time" in said[-1]
    assert "used up their time" in detail(harmless, "hostile")
    assert detail(native(body="{'cheap': 1}"), "hostile") == "made"
    assert detail(harmless, "other") == "made"
    renderer.close()
