"""The comment: verdict first, foreign text as code alone, never too long; and no secret in any form of the answer."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ops.guard.comment import LONGEST, comment, is_address, marker, unreadable
from ops.guard.markdown import Fold, clip, code, document, prose
from ops.guard.record import record
from scripts.github import MARKER
from tests.guard import small
from tests.guard.previews import judged
from tests.guard.small import CLUSTER, step

# What would be markup, a link, a mention, a reference or the end of something, were it not for care.
EVIL = st.sampled_from(
    ["`", "``` ", "|", "\n", "\r\n- ", "</details>", "<!-- ascent:guard prod -->", "@everyone", "#1", "[a](http://b)",
     "**", "\u202e", "\ud800", "\x00", "www.a.com", "\\", "&#64;", "é", "🙂", "[secret]", "~~", "<img src=x>", "_x_"]
)  # fmt: skip
TEXT = st.lists(st.one_of(EVIL, st.text(max_size=20)), max_size=8).map("".join)
MORE = re.compile(r"- … and (\d+) more")


def _inline(text: str) -> list[Token]:
    tokens = MarkdownIt("commonmark").parse(text)
    return [child for token in tokens for child in token.children or ()]


@given(TEXT)
def test_foreign_text_is_one_code_span_or_plain_prose(text: str) -> None:
    for written in (code(text), prose(text)):
        assert "\n" not in written
        for token in _inline(f"- **x**: {written}."):
            assert token.type in ("text", "code_inline", "strong_open", "strong_close"), token
            if token.type == "text":
                assert not re.search(r"[@#<\[`|]|://|www\.", token.content)


@given(TEXT, st.integers(min_value=9, max_value=40))
@example(text="</details>[", most=13)
def test_a_clipped_text_is_short_enough_and_ends_in_no_part_of_the_mask(text: str, most: int) -> None:
    clipped = clip(f"{text}[secret]", most)
    assert len(clipped) <= most
    assert not re.search(r"\[(s|se|sec|secr|secre|secret)?…$", clipped)


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(1, 1200)), max_size=6),
    st.integers(min_value=2000, max_value=64_000),
)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
def test_lines_are_whole_or_left_out_and_counted(sizes: list[tuple[int, int]], most: int) -> None:
    folds = [Fold(f"fold {index}", [f"- {index}.{at} {'é' * wide}" for at in range(many)])
             for index, (many, wide) in enumerate(sizes)]  # fmt: skip
    text = document(["head"], folds, most)
    assert len(text.encode()) <= most
    assert text.startswith("head\n")
    shown = text.split("<details>")[1:]
    full = [fold for fold in folds if fold.lines]
    assert len(shown) == len(full)
    for part, fold in zip(shown, full, strict=True):
        assert part.count("</details>") == 1
        lines = [line for line in part.splitlines() if line.startswith("- ")]
        more = [int(found[1]) for line in lines if (found := MORE.fullmatch(line))]
        kept = [line for line in lines if not MORE.fullmatch(line)]
        assert kept == list(fold.lines[: len(kept)])
        assert len(kept) + sum(more) == len(fold.lines)


def _steps() -> st.SearchStrategy[list[small.Raw]]:
    def made(op: str, name: str, path: str) -> small.Raw:
        inputs = {"deletionProtection": True, path: "old"}
        return step(op, CLUSTER, name.replace("::", ""), old=inputs, new={path: "new"}, diff={path: "update-replace"})

    return st.lists(st.builds(made, st.sampled_from(["create", "update", "replace", "delete"]), TEXT, TEXT), max_size=5)


@given(_steps(), st.lists(TEXT, max_size=3), TEXT)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=30)
def test_nothing_foreign_is_markup(steps: list[small.Raw], errors: list[str], stack: str) -> None:
    text = comment(judged(small.document(*steps, errors=tuple(errors))), stack)
    assert text.startswith(marker(stack) + "\n")
    assert MARKER.fullmatch(marker(stack))
    for token in MarkdownIt("commonmark").parse(text):
        if token.type == "html_block":
            for line in token.content.strip().splitlines():
                assert re.fullmatch(
                    r"</?details>|<summary>[\w :,.()'-]+</summary>|<!-- ascent:guard [\w.-]* -->", line
                ), line
    for token in _inline(text):
        assert token.type in ("text", "code_inline", "strong_open", "strong_close", "softbreak", "html_inline"), token
        if token.type == "html_inline":
            assert token.content.startswith(("<summary>", "</summary>", "<details>", "</details>"))


def test_a_huge_preview_makes_a_comment_that_says_how_much_it_leaves_out() -> None:
    steps = [
        step("replace", CLUSTER, f"database-{index}-{'x' * 60}", diff={"engine": "update-replace"})
        for index in range(3000)
    ]
    text = comment(judged(small.document(*steps)), "live")
    assert 50_000 < len(text.encode()) <= LONGEST
    assert "3000 findings stop this change" in text
    assert text.count("<details>") == text.count("</details>") > 3
    assert all(MORE.search(part) for part in text.split("<details>")[1:] if "database-" in part)


def test_the_verdict_comes_first_and_the_line_that_lets_it_pass_is_there() -> None:
    text = comment(judged(small.document(step("delete"))), "live")
    lines = text.splitlines()
    assert lines[:2] == ["<!-- ascent:guard live -->", "### `live`: 1 finding stops this change"]
    assert "- **Data**: 1 resource would lose what nothing else holds" in lines
    assert re.search(r'- `- \{what: data-deleted, resource: "db", until: \d{4}-\d\d-\d\d, why: ""\}`', text)


def test_a_preview_that_is_none_makes_a_comment_too() -> None:
    text = unreadable("live", "p.json: this is empty")
    assert text.splitlines()[:2] == [
        "<!-- ascent:guard live -->",
        "### `live`: there is no preview, so nothing is let pass",
    ]
    assert "p.json: this is empty" in text


REPORT = "https://github.com/team/stack/actions/runs/1/artifacts/2"


def test_it_links_to_the_report_and_says_nothing_else_anew() -> None:
    verdict = judged(small.document(step("delete")))
    line = f"- **Report**: [drawing, capacity, cost, data and alarms]({REPORT})\n"
    assert comment(verdict, "live", REPORT).replace(line, "") == comment(verdict, "live")
    assert line in comment(verdict, "live", REPORT)
    assert line in unreadable("live", "p.json: this is empty", REPORT)
    links = [one.attrs["href"] for one in _inline(line) if one.type == "link_open"]
    assert links == [REPORT]


@pytest.mark.parametrize(
    "address",
    ["http://a.b/c", "https://a.b/c d", "https://a.b/c)", "javascript:alert(1)", "https://a.b/<x>", "", "https://"],
)
def test_what_is_no_address_is_none(address: str) -> None:
    assert is_address(REPORT)
    assert not is_address(address)


CIPHER = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
PLAIN = "hunter2-in-plain-text"


@pytest.mark.parametrize(
    "value",
    [
        "[secret]", {**CIPHER, "ciphertext": f"v1:{PLAIN}"}, {**CIPHER, "plaintext": f'"{PLAIN}"'},
        {"nested": [{**CIPHER, "value": PLAIN}]}, PLAIN, f"postgresql://app:{PLAIN}@db.example.com/app",
    ],
)  # fmt: skip
@pytest.mark.parametrize("op", ["create", "update", "replace", "delete", "same"])
def test_no_form_of_the_answer_shows_a_secret(op: str, value: Any) -> None:
    names = (
        "masterPassword",
        "secretString",
        "userData",
        "environment",
        "authToken",
        "value",
        "stringData",
        "password",
    )
    types = (
        CLUSTER, "aws:secretsmanager/secretVersion:SecretVersion", "aws:ec2/launchTemplate:LaunchTemplate",
        "kubernetes:core/v1:Secret", "aws:lambda/function:Function", "aws:rds/proxy:Proxy",
        "aws:elasticache/replicationGroup:ReplicationGroup", "random:index/randomPassword:RandomPassword",
    )  # fmt: skip
    steps = [
        step(op, type_, f"r{index}", old=dict.fromkeys(names, "[secret]"), new=dict.fromkeys(names, value),
             diff=dict.fromkeys(names, "update-replace"), was={"outputs": dict.fromkeys(names, value)})
        for index, type_ in enumerate(types)
    ]  # fmt: skip
    whole = small.document(*steps)
    whole["config"]["shop:key"] = json.dumps(value)
    whole["steps"][0]["oldState"]["outputs"] = {"url": value}
    verdict = judged(whole)
    for text in (comment(verdict, "live"), json.dumps(record(verdict, "live"))):
        assert PLAIN not in text
        assert "ciphertext" not in text
