"""The documents themselves."""

import os
from pathlib import Path

import pytest

from tests.contract.conftest import LEFT_OUT, VARIABLE
from tests.contract.openapi import load


def test_the_vendors_documents_are_there(request):
    if not os.environ.get(VARIABLE):
        pytest.skip(
            f"{VARIABLE} is not set, so {request.config.stash[LEFT_OUT]} tests that hold requests "
            "and answers against the vendors' own OpenAPI documents are left out"
        )
    for vendor in ("sendgrid", "openai", "hubspot"):
        files = sorted((Path(os.environ[VARIABLE]) / vendor).glob("*.json"))
        assert files, f"{VARIABLE} holds no document of {vendor}."
        assert all(load(file).document["paths"] for file in files)
