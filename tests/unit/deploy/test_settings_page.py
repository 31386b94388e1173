"""docs/operations/settings.md holds every setting, as the models have it."""

import os
import subprocess
import sys
from pathlib import Path

from deploy.settings_page import COMMON, GATEWAY, OWN, PAGE, settings_page


def test_the_page_is_what_the_models_say() -> None:
    assert PAGE.read_text() == settings_page(), "write it again: python -m deploy.settings_page"


def test_every_setting_has_a_line_with_its_meaning() -> None:
    page = settings_page()
    for _, model in (*COMMON, *OWN, *GATEWAY):
        for name, field in model.model_fields.items():
            variable = field.validation_alias or f"HOOKFLEET_{name.upper()}"
            lines = [each for each in page.splitlines() if each.startswith(f"| `{variable}` ")]
            assert field.description
            assert any(field.description.replace("|", "\\|") in line for line in lines), variable


def test_any_setting_may_be_a_file_as_the_page_says(tmp_path: Path) -> None:
    (tmp_path / "kafka_bootstrap_servers").write_text("broker:9092\n")
    (tmp_path / "hookfleet_data_dir").write_text("/tmp/x\n")
    program = (
        "from services.disabler.settings import DisablerSettings\n"
        "from shared.adapters.settings import load_settings\n"
        "settings = load_settings(DisablerSettings)\n"
        "print(settings.kafka_bootstrap_servers, settings.data_dir)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[3],
        env={"PATH": os.environ["PATH"], "HOOKFLEET_SECRETS_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.stdout, ended.stderr) == ("broker:9092 /tmp/x\n", "")
