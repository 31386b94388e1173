"""Secrets of webhooks, opened when they are needed and kept open for as long as their record does not change."""

from services.dispatcher.core.configuration import Configuration
from services.dispatcher.send_handler import CredentialFailure
from shared.adapters.sealing import Sealer, SealingError
from shared.core.resources import Kind, Resource, Webhook
from shared.core.topics import config_key


class SecretsStore:
    """Opens sealed secrets. Used on one event loop."""

    def __init__(self, configuration: Configuration, sealer: Sealer) -> None:
        self._configuration = configuration
        self._sealer = sealer
        self._opened: dict[tuple[str, str], tuple[Resource, list[str]]] = {}

    def signing_secrets(self, organization: str, webhook: Webhook) -> list[str]:
        """Live signing secrets of the webhook's credentials, newest first.

        Raises CredentialFailure when a linked credential is missing or does not open.
        """
        return [
            secret for credential_id in webhook.credentials for secret in self._secrets(organization, credential_id)
        ]

    def _secrets(self, organization: str, credential_id: str) -> list[str]:
        resource = self._configuration.credential(organization, credential_id)
        if resource is None:
            raise CredentialFailure("credential.missing")
        kept = self._opened.get((organization, credential_id))
        if kept is not None and kept[0] is resource:
            return kept[1]
        belongs_to = config_key(Kind.CREDENTIAL, organization, credential_id)
        try:
            secrets = [self._sealer.open(each, belongs_to).decode() for each in resource.sealed]
        except SealingError:
            raise CredentialFailure("credential.unusable") from None
        self._opened[organization, credential_id] = (resource, secrets)
        return secrets
