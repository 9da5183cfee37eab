"""The reference is complete: what is not documented and not tested does not exist."""

import inspect
import re
from functools import cache
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT, all_blocks, documents
from tests.docs.reference import GENERATED, error_classes, hook_names, renewed
from webos import sdk
from webos.kernel.errors import WebOSError
from webos.kernel.settings import Settings
from webos.sdk import WebOSHookSpec


@cache
def _tests() -> str:
    """Return the text of all tests, except for the reference's own, which name everything."""
    files = [path for path in (ROOT / "tests").rglob("*.py") if "reference" not in path.name]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def _is_tested(*names: str) -> bool:
    return any(re.search(rf"\b{re.escape(name)}\b", _tests()) for name in names)


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_generated_parts_are_up_to_date(document: Path) -> None:
    """What the reference says of settings, errors, hooks, commands and the SDK is what the code has.

    `python -m tests.docs.reference` writes it anew.
    """
    text = document.read_text(encoding="utf-8")

    assert renewed(text) == text


def test_each_part_is_in_the_reference() -> None:
    """Settings, errors, hooks, commands and the SDK each have their place in the documents."""
    texts = "\n".join(path.read_text(encoding="utf-8") for path in documents())

    assert [name for name in GENERATED if f"<!-- generated: {name} -->" not in texts] == []


@pytest.mark.parametrize("hook", hook_names())
def test_every_hook_has_an_example_and_a_test(hook: str) -> None:
    """Each hook is implemented in a document that runs, is tested, and says what it is for and what it is given."""
    examples = [block for block in all_blocks() if re.search(rf"^(?:async )?def {hook}\(", block.code, re.MULTILINE)]
    assert examples
    assert _is_tested(hook)
    assert inspect.getdoc(getattr(WebOSHookSpec, hook))


@pytest.mark.parametrize("setting", Settings.model_fields)
def test_every_setting_is_explained_and_tested(setting: str) -> None:
    """Each setting has a description and is named in a test, by its variable or as an argument."""
    assert Settings.model_fields[setting].description
    assert _is_tested(f"WEBOS_{setting.upper()}", setting)


@pytest.mark.parametrize("error", error_classes(), ids=lambda error: error.__name__)
def test_every_error_is_tested(error: type[WebOSError]) -> None:
    """Each error is named in a test, by its code or its class or as a special case of it, and is named and titled as errors are."""
    family = [other for other in error_classes() if issubclass(other, error)] if error is not WebOSError else [error]
    assert _is_tested(*(name for other in family for name in (other.code, other.__name__)))
    assert error.__name__.endswith("Error")
    assert error.title
    assert not error.title.endswith(".")


def test_error_codes_are_unique() -> None:
    """No two errors share a code: a program that reads one knows what happened."""
    codes = [error.code for error in error_classes()]

    assert sorted(codes) == sorted(set(codes))


@pytest.mark.parametrize("name", sdk.__all__)
def test_every_name_of_the_sdk_is_tested(name: str) -> None:
    """Each name of the SDK is used in a test or in a document that runs."""
    in_documents = any(re.search(rf"\b{name}\b", block.code) for block in all_blocks())
    assert hasattr(sdk, name)
    assert in_documents or _is_tested(name)
