"""Which settings of TLS and SASL fit together, and that all that do not are told at once."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from shared.adapters.settings import ServiceSettings
from shared.core.faults import faults_of
from tests.component.dispatcher.loopback_certificates import Authority

SASL = {"kafka_sasl_mechanism": "SCRAM-SHA-512", "kafka_username": "fleet", "kafka_password": "s3cret"}


def settings(**given: Any) -> ServiceSettings:
    return ServiceSettings.model_validate({"KAFKA_BOOTSTRAP_SERVERS": "broker:9092", **given})


def faults(**given: Any) -> dict[str, str]:
    with pytest.raises(ValidationError) as refused:
        settings(**given)
    found = {fault.field: fault.message for fault in faults_of(refused.value)}
    assert "s3cret" not in str(found)
    return found


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A CA file, a certificate with its key, and the key of another one."""
    authority = Authority(tmp_path)
    certificate, key = authority.client_certificate("fleet")
    _, other_key = authority.client_certificate("other")
    texts = {"ca": authority.pem, "certificate": certificate, "key": key, "other": other_key, "none": "no PEM"}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    return {name: tmp_path / name for name in texts}


def test_without_a_word_brokers_are_talked_to_in_plain() -> None:
    assert settings().broker_tls() is None


def test_tls_with_a_client_certificate_and_scram_fit_together_and_names_are_verified(files: dict[str, Path]) -> None:
    made = settings(
        kafka_security_protocol="SASL_SSL",
        kafka_ca_file=files["ca"],
        kafka_certificate_file=files["certificate"],
        kafka_key_file=files["key"],
        **SASL,
    )
    context = made.broker_tls()
    assert context is not None
    assert context.check_hostname
    assert len(context.get_ca_certs()) == 1, "no authority of the system is trusted beside it"
    assert "s3cret" not in repr(made)


def test_authentication_that_lacks_everything_says_all_of_it() -> None:
    found = faults(kafka_security_protocol="SASL_SSL")
    assert sorted(found) == ["kafka_password", "kafka_sasl_mechanism", "kafka_username"]
    assert all("the protocol SASL_SSL needs it" in message for message in found.values())


def test_settings_that_would_do_nothing_are_faults(files: dict[str, Path]) -> None:
    found = faults(kafka_ca_file=files["ca"], **SASL)
    assert sorted(found) == ["kafka_ca_file", "kafka_password", "kafka_sasl_mechanism", "kafka_username"]
    assert all("does nothing where the protocol is PLAINTEXT" in message for message in found.values())


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"kafka_ca_file": "missing"}, "kafka_ca_file", "no such file"),
        ({"kafka_ca_file": "none"}, "kafka_ca_file", "holds no certificate"),
        ({"kafka_certificate_file": "certificate"}, "kafka_key_file", "missing"),
        ({"kafka_key_file": "key"}, "kafka_key_file", "does nothing without HOOKFLEET_KAFKA_CERTIFICATE_FILE"),
        ({"kafka_certificate_file": "certificate", "kafka_key_file": "other"}, "kafka_key_file", "not the unencrypted"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_fault(
    files: dict[str, Path], tmp_path: Path, given: dict[str, str], field: str, words: str
) -> None:
    paths = {name: files.get(file, tmp_path / file) for name, file in given.items()}
    found = faults(kafka_security_protocol="SSL", **paths)
    assert list(found) == [field]
    assert words in found[field]


def test_a_password_is_never_sent_readable() -> None:
    found = faults(kafka_security_protocol="SASL_PLAINTEXT", **SASL | {"kafka_sasl_mechanism": "PLAIN"})
    assert found == {"kafka_sasl_mechanism": "would send the password readable; use SASL_SSL or a SCRAM mechanism"}


def test_a_faulty_protocol_is_the_only_fault_told_about() -> None:
    assert list(faults(kafka_security_protocol="TLS", **SASL)) == ["kafka_security_protocol"]
