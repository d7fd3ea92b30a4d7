"""What a failed AWS call means to the operator."""

from __future__ import annotations

from urllib.parse import urlsplit

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    InvalidRegionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_UNKNOWN_CREDENTIALS = frozenset(
    {
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_THROTTLED = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)


def explain(error: BotoCoreError | ClientError) -> str:
    """Say in one sentence why AWS was not reached or refused, and what to do about it."""
    if isinstance(error, ClientError):
        return _explain_refusal(error)
    if isinstance(error, NoCredentialsError | PartialCredentialsError | CredentialRetrievalError):
        return "No AWS credentials were found: choose a profile with --profile, or run `aws configure`."
    if isinstance(error, SSOError | TokenRetrievalError):
        return "The AWS login has ended: run `aws sso login` again."
    if isinstance(error, ProfileNotFound):
        profile = error.kwargs["profile"]
        return f"There is no AWS profile {profile}: choose one that `aws configure list-profiles` lists."
    if isinstance(error, NoRegionError):
        return "No AWS region is set: name the stack's with --region."
    if isinstance(error, InvalidRegionError):
        return "The AWS region's name is malformed: set --region or AWS_REGION to one such as eu-west-1."
    if isinstance(error, ConnectionError | HTTPClientError):
        where = str(error.kwargs.get("endpoint_url", "AWS"))
        if _is_aws(where):
            return f"{where} was not reached: check the network and --region."
        return f"{where} was not reached: start `make run`, or check --url."
    return f"AWS could not be called ({type(error).__name__}): {str(error).splitlines()[0].rstrip('.')}."


def _is_aws(endpoint: str) -> bool:
    host = urlsplit(endpoint).hostname
    return host is None or host.endswith(("amazonaws.com", "amazonaws.com.cn"))


def _explain_refusal(error: ClientError) -> str:
    code = error.response.get("Error", {}).get("Code", "unknown error")
    if code in _EXPIRED:
        return "The AWS credentials have expired: log in again."
    if code in _UNKNOWN_CREDENTIALS:
        return "AWS does not know these credentials: check --profile and --region."
    if code in _DENIED:
        return f"These AWS credentials lack the right to call {error.operation_name}: ask for it, or use --profile."
    if code in _THROTTLED:
        return f"AWS limits the rate of {error.operation_name}: try again in a minute."
    # The text of other errors may quote an item, so only their code is shown.
    return f"AWS refused {error.operation_name} ({code})."
