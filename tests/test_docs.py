"""README, --help and settings in step: nothing undocumented, nothing documented that is not."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import get_type_hints

import click
import pytest
from conftest import ROOT

from pipeline.cli import cli
from pipeline.config import Settings

README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = sorted(cli.commands)


def row_of(command: str) -> str:
    """Return the README's line on a command: its cell in the table of commands."""
    found = re.findall(rf"^\| `({command}(?: [^`]*)?)` \|", README, re.MULTILINE)
    assert len(found) == 1, f"README has {len(found)} lines on `{command}`"
    return str(found[0])


def options_of(command: click.Command) -> set[str]:
    return {name for p in command.params for name in p.opts if name.startswith("--")} - {"--help"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_in_the_readme(name: str) -> None:
    documented = set(re.findall(r"--[a-z-]+", row_of(name)))
    assert documented == options_of(cli.commands[name])


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_has_help_in_both_languages(name: str) -> None:
    command = cli.commands[name]
    helps = [command.help or "", *(getattr(p, "help", "") or "x中" for p in command.params)]
    for text in helps:
        assert re.search(r"[\u4e00-\u9fff]", text), text
        assert re.search(r"[A-Za-z]", text), text


def test_the_readme_names_no_command_that_is_not() -> None:
    table = README[README.index("| 命令 command") : README.index("返回值 exit status")]
    named = re.findall(r"^\| `([a-z]+)", table, re.MULTILINE)
    assert sorted(named) == COMMANDS


def test_options_of_every_command_are_in_the_readme() -> None:
    for option in options_of(cli) - {"--version"}:
        assert f"`{option} " in README


def test_every_setting_is_in_the_readme_with_its_default() -> None:
    documented = dict(re.findall(r"^\| `(\[\w+\] \w+)` \| `(.*?)` \|", README, re.MULTILINE))
    declared = {}
    for section, kind in get_type_hints(Settings).items():
        for field in fields(kind):
            declared[f"[{section}] {field.name}"] = json.dumps(field.default)
    assert documented == declared
