"""Rules about the code that neither the linter nor the type checker knows."""

from __future__ import annotations

import ast
import inspect
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from infra import thresholds
from infra.config.validation import database, edge, regions, runtime, variables
from infra.config.validation.table import RULES

INFRA = Path(__file__).resolve().parents[2] / "infra"
COMPONENTS = sorted(path for path in (INFRA / "components").rglob("*.py") if path.name != "__init__.py")
EVERYTHING = sorted(INFRA.rglob("*.py"))
# Settings check that a stack's config fits its stage; they decide nothing about resources.
WIRING = sorted((INFRA / "wiring").glob("*.py"))
MAY_ASK = {INFRA / "stages.py", *(INFRA / "config").rglob("*.py"), *WIRING}


def _nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text()))


def _name(path: Path) -> str:
    return str(path.relative_to(INFRA))


def numbers(source: str) -> list[float]:
    """The numeric literals in `source`, but for 0 and 1 and for constants of the module: `_LIMIT = 60`."""
    code = [node for node in ast.parse(source).body if not _is_constant(node)]
    constants = (node.value for part in code for node in ast.walk(part) if isinstance(node, ast.Constant))
    return [
        one for one in constants if isinstance(one, int | float) and not isinstance(one, bool) and one not in (0, 1)
    ]


def _is_constant(node: ast.stmt) -> bool:
    """Whether a statement of a module gives a name in capitals to a literal, or to a row of limits with its source."""
    if not isinstance(node, ast.Assign):
        return False
    named = all(isinstance(target, ast.Name) and target.id.isupper() for target in node.targets)
    return named and not any(isinstance(part, ast.Lambda | ast.comprehension) for part in ast.walk(node.value))


def stage_comparisons(source: str) -> list[str]:
    """The comparisons in `source` that look at a stage."""
    found = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Compare))
    return [text for node in found if "stage" in (text := ast.unparse(node)).lower()]


def long_chains(source: str) -> list[str]:
    """The names in `source` with more than two attributes in a row."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)]
    return [text for node in nodes if re.fullmatch(r"\w+(\.\w+){3,}", text := ast.unparse(node))]


def mutable(source: str) -> list[str]:
    """The classes in `source` that are no frozen dataclasses, and the attributes that are assigned."""
    nodes = list(ast.walk(ast.parse(source)))
    classes = [node for node in nodes if isinstance(node, ast.ClassDef)]
    thawed = [one.name for one in classes if not any("frozen=True" in ast.unparse(it) for it in one.decorator_list)]
    stored = [node for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)]
    return [*thawed, *map(ast.unparse, stored)]


@pytest.mark.parametrize("path", WIRING, ids=_name)
def test_the_wiring_passes_flat_results_that_never_change(path: Path) -> None:
    """A reader finds what a tier needs in the signature of its function, and not in an object that is filled later."""
    source = path.read_text()
    assert long_chains(source) == []
    assert mutable(source) == []


@pytest.mark.parametrize("path", COMPONENTS, ids=_name)
def test_a_component_names_its_numbers(path: Path) -> None:
    assert numbers(path.read_text()) == []


@pytest.mark.parametrize("path", [path for path in EVERYTHING if path not in MAY_ASK], ids=_name)
def test_only_the_table_and_the_platform_know_one_stage_from_another(path: Path) -> None:
    source = path.read_text()
    assert stage_comparisons(source) == []
    assert "Capability" not in source


# What instances run reads the environment that it hands on, and a function its own. Messages of clients name the
# variable of AWS' SDKs that leads to an endpoint.
READ_NO_CONFIG = [
    path
    for path in EVERYTHING
    if path not in (INFRA / "config" / "loading.py", INFRA / "clients.py")
    and path.parent.name not in ("boot", "outside")
]


@pytest.mark.parametrize("path", READ_NO_CONFIG, ids=_name)
def test_only_settings_read_config(path: Path) -> None:
    attributes = {ast.unparse(node) for node in _nodes(path) if isinstance(node, ast.Attribute)}
    assert not {one for one in attributes if one in {"pulumi.Config", "os.environ"} or "runtime.config" in one}


@pytest.mark.parametrize("path", EVERYTHING, ids=_name)
def test_no_output_is_put_into_a_string(path: Path) -> None:
    formatted = [ast.unparse(node.value) for node in _nodes(path) if isinstance(node, ast.FormattedValue)]
    assert not [one for one in formatted if one.endswith((".id", ".arn", ".dns_name", ".zone_id"))]


@pytest.mark.parametrize("path", EVERYTHING, ids=_name)
def test_cloudflare_is_imported_only_where_it_is_used(path: Path) -> None:
    top = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert not any("cloudflare" in ast.unparse(node) for node in top)


def test_the_rules_see_what_they_are_to_see() -> None:
    assert numbers("period = 60\nratio = 0.5\nflag = True\nzero = 0") == [60, 0.5]
    assert numbers("_PERIOD = 60\nLIMITS = {'a': 5}\ndef wait():\n    LIMIT = 7\n    sleep(_PERIOD * 8)") == [7, 8]
    assert stage_comparisons("if settings.stage >= 4: pass") == ["settings.stage >= 4"]
    assert long_chains("inside.around.place.base\nregion.settings.row\nf(a.b.c).d") == ["inside.around.place.base"]
    thawed = "@dataclass(frozen=True)\nclass A: ...\nclass B:\n    def build(self):\n        self.watch = 1"
    assert mutable(thawed) == ["B", "self.watch"]


def test_no_threshold_is_said_twice() -> None:
    """The later one would win in silence, for whoever meant the other one too."""
    tree = ast.parse(Path(thresholds.__file__).read_text())
    targets = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    names = [target.id for target in targets if isinstance(target, ast.Name)]
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_every_rule_about_settings_is_in_the_table() -> None:
    """A function that is in no table refuses nothing."""
    topics = (database, edge, regions, runtime, variables)
    written = {name for module in topics for name, check in vars(module).items() if _is_rule(check, module)}
    assert written == {rule.check.__name__ for rule in RULES}


def _is_rule(check: Any, module: ModuleType) -> bool:
    own = inspect.isfunction(check) and check.__module__ == module.__name__ and not check.__name__.startswith("_")
    return own and "settings" in inspect.signature(check).parameters
