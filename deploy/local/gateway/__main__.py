"""Run the gateway: `python -m deploy.local.gateway`, settings from the environment."""

from __future__ import annotations

import uvicorn

from deploy.local.gateway.proxy import Gateway
from deploy.local.gateway.settings import GatewaySettings


def main() -> None:
    """Serve until SIGTERM."""
    settings = GatewaySettings()
    uvicorn.run(
        Gateway(settings.upstreams()),
        host=settings.listen_host,
        port=settings.listen_port,
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=2,
    )


if __name__ == "__main__":
    main()
