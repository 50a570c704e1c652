"""What Slicer's ExtensionsIndex asks of an extension, as far as it can be checked without the net.

The rules are those of Slicer/ExtensionsIndex, scripts/check_description_files.py and the checklist for new extensions
in its pull request template.
"""

import json
import re
import shutil
import struct
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from extension_files import ROOT, ConfiguredExtension, module_names

ENTRY = ROOT / "XRay3D.json"
README = (ROOT / "README.md").read_text(encoding="utf-8")
CMAKE = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
SIZE_LIMIT_MB = 100

# slicer-extension-catalog-entry-schema-v1.0.2.json: the fields and their types.
SCHEMA_NAME = "slicer-extension-catalog-entry-schema-v1.0.2.json"
REQUIRED = {"$schema", "category", "scm_url"}
FIELDS = {
    "$schema": str,
    "build_dependencies": list,
    "build_subdirectory": str,
    "category": str,
    "dicom_support_rule": str,
    "enabled": bool,
    "scm_revision": str,
    "scm_type": str,
    "scm_url": str,
    "tier": int,
}
# Those of the accepted categories that could describe this extension.
CATEGORIES = {"Image Synthesis", "IGT", "Planning", "Registration", "Simulation", "Tomographic Reconstruction"}


@pytest.fixture(scope="module")
def entry() -> dict:
    return json.loads(ENTRY.read_text(encoding="utf-8"))


def quoted_value(name: str) -> str:
    """The value of a variable in the top-level CMakeLists.txt, found as the index finds it: quoted, on one line."""
    values = re.findall(rf'set\s*\({name}\s*"([^"]+)"[ ]*\)', CMAKE)
    assert len(values) == 1, f"{name} should be set once, to a quoted value"
    return values[0]


def local_file(raw_url: str, entry: dict) -> Path:
    """The file of this repository that a raw.githubusercontent.com address serves."""
    repository = urlsplit(entry["scm_url"]).path
    prefix = f"https://raw.githubusercontent.com{repository}/{entry['scm_revision']}/"
    assert raw_url.startswith(prefix), f"{raw_url} is not a raw address of {entry['scm_url']}"
    return ROOT / raw_url.removeprefix(prefix)


def png_size(path: Path) -> tuple[int, int]:
    """Width and height from a PNG's header."""
    assert path.is_file(), f"{path.relative_to(ROOT)} is missing"
    header = path.read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n", f"{path.relative_to(ROOT)} is not a PNG"
    return struct.unpack(">II", header[16:24])


def test_the_entry_fits_the_schema(entry: dict) -> None:
    assert entry.keys() >= REQUIRED
    assert urlsplit(entry["$schema"]).path.endswith(SCHEMA_NAME)
    for field, value in entry.items():
        assert field in FIELDS, f"the schema knows no {field}"
        assert type(value) is FIELDS[field], f"{field} should be of type {FIELDS[field].__name__}"
    assert 1 <= entry["tier"] <= 5
    assert entry["category"] in CATEGORIES


def test_the_entry_has_unix_line_endings() -> None:
    assert b"\r" not in ENTRY.read_bytes()


def test_names(entry: dict) -> None:
    project = re.search(r"project\s*\(\s*([^\s)]+)", CMAKE)
    assert project
    assert project[1] == ENTRY.stem
    assert not ENTRY.stem.lower().startswith("slicer"), "an extension's name does not start with Slicer"
    address = urlsplit(entry["scm_url"])
    assert address.scheme in ("https", "git")
    assert Path(address.path).stem == f"Slicer{ENTRY.stem}", "a repository's name is Slicer and the extension's"


def test_the_entry_agrees_with_cmake(entry: dict, extension: ConfiguredExtension) -> None:
    assert extension.metadata["CATEGORY"] == entry["category"]
    assert extension.metadata["DEPENDS"].split() == entry["build_dependencies"]
    assert extension.metadata["HOMEPAGE"] == entry["scm_url"]
    assert len(extension.metadata["DESCRIPTION"].split()) >= 10
    assert extension.metadata["CONTRIBUTORS"]


def test_the_icon_is_one_quoted_address_of_a_png_of_128_pixels(entry: dict) -> None:
    assert png_size(local_file(quoted_value("EXTENSION_ICONURL"), entry)) == (128, 128)


def test_screenshots_are_quoted_addresses_of_pictures(entry: dict) -> None:
    for url in quoted_value("EXTENSION_SCREENSHOTURLS").split():
        width, height = png_size(local_file(url, entry))
        assert min(width, height) >= 400, "a screenshot that shows nothing"


@pytest.mark.parametrize("module", [name for name in module_names() if name != "XRayCore"])
def test_every_visible_module_has_an_icon(module: str) -> None:
    assert png_size(ROOT / module / "Resources" / "Icons" / f"{module}.png") == (128, 128)


def test_the_licence_is_in_the_root_and_permissive() -> None:
    assert "Apache License" in (ROOT / "LICENSE.txt").read_text(encoding="utf-8")
    assert "Apache 2.0" in README


def test_the_repository_stays_small() -> None:
    git = shutil.which("git")
    if not git or not (ROOT / ".git").exists():
        pytest.skip("not a git repository")
    listing = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    tracked = [ROOT / name for name in listing.split("\0") if name]
    history = [path for path in (ROOT / ".git").rglob("*") if path.is_file()]
    megabytes = sum(path.stat().st_size for path in tracked + history if path.is_file()) / 2**20
    assert megabytes < SIZE_LIMIT_MB, f"{megabytes:.0f} MB with its history"


def test_the_readme_shows_a_picture() -> None:
    pictures = re.findall(r"!\[[^\]]+\]\(([^)\s]+)\)|<img[^>]+src=\"([^\"]+)\"", README)
    assert pictures, "README.md needs a picture of what the extension does"
    for markdown, html in pictures:
        assert (ROOT / (markdown or html)).is_file(), f"README.md shows {markdown or html}, which is not there"


@pytest.mark.parametrize("module", module_names())
def test_the_readme_has_a_sentence_for_every_visible_module(module: str) -> None:
    source = (ROOT / module / f"{module}.py").read_text(encoding="utf-8")
    title = re.search(r"\.title = (?:_\()?\"([^\"]+)\"", source)
    assert title, f"{module}.py should set its title"
    if re.search(r"\.hidden = True", source):
        return
    sentences = [line for line in README.splitlines() if title[1] in line and len(line.split()) >= 8]
    assert sentences, f"README.md should say what {title[1]} does"


def test_the_readme_has_a_tutorial_and_says_what_to_cite() -> None:
    sections = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL))
    tutorial = next((text for heading, text in sections.items() if "tutorial" in heading.lower()), "")
    assert len(re.findall(r"^\d+\. ", tutorial, re.MULTILINE)) >= 3, "README.md needs a tutorial in numbered steps"
    assert "ample" in tutorial, "the tutorial should say where its data come from: Slicer's Sample Data"
    assert len(sections.get("Cite", "").split()) >= 20, "README.md should say what to cite"
