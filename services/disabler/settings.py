"""What the disabler can be told from outside."""

from pathlib import Path

from pydantic import Field

from shared.adapters.settings import ServiceSettings


class DisablerSettings(ServiceSettings):
    """Settings of the disabler. The failure limit is not one of them: it comes with each outcome."""

    data_dir: Path = Field(description="writable folder in which Faust keeps its files; made when missing")
