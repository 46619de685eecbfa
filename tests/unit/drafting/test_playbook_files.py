"""sequences/ and voices/: a mistake names the file, the line and the remedy."""

import shutil
from pathlib import Path

import pytest

from baton.core.errors import PlaybookError
from baton.core.settings import PROJECT
from baton.playbook import sequences, voices


@pytest.fixture
def playbook(tmp_path: Path) -> Path:
    folder = tmp_path / "playbook"
    shutil.copytree(PROJECT / "include" / "playbook", folder)
    return folder


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        pytest.param("sequences/signal-first-touch.yml", "max_words: 110", "max_word: 110",
                     "did you mean 'max_words'", id="a typo"),
        pytest.param("sequences/signal-first-touch.yml", "{lead_in}", "{leadin}",
                     "{leadin} cannot be filled in", id="an unknown field"),
        pytest.param("sequences/signal-first-touch.yml", "step: 2", "step: 3",
                     "numbered 1, 2, 3", id="a step left out"),
        pytest.param("sequences/signal-first-touch.yml", "name: signal-first-touch", "name: other",
                     "file and name must agree", id="another name"),
        pytest.param("sequences/renewal.yml", "[protected, open_opportunity]", "[suppressed]",
                     "not suppressed", id="an exemption there is not"),
        pytest.param("voices/house.yml", "one click is enough: {url}", "one click is enough",
                     "each need {url}", id="no way out"),
        pytest.param("voices/house.yml",
                     "Halden Analytics GmbH, Speicherweg 4, 20457 Hamburg, Germany", "none",
                     "postal_address", id="no postal address"),
        pytest.param("voices/owen_hughes.yml", "owen.hughes@", "clara.voss@",
                     "has a voice already", id="two voices for one rep"),
        pytest.param("voices/clara_voss.yml", "clara.voss@", "Clara.Voss@", "lower case",
                     id="capitals in an address"),
        pytest.param("voices/default.yml", "{first_name}", "{name}",
                     "{name} cannot be filled in", id="a greeting with a hole"),
    ],
)  # fmt: skip
def test_a_mistake_is_said(playbook: Path, file, old, new, said):
    path = playbook / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    module = sequences if file.startswith("sequences") else voices
    with pytest.raises(PlaybookError) as caught:
        module.load(playbook)
    assert said in str(caught.value)
    assert Path(file).name in str(caught.value)


def test_a_voice_for_everybody_is_needed(playbook: Path):
    (playbook / "voices" / "default.yml").unlink()
    with pytest.raises(PlaybookError, match="speaks for all other reps"):
        voices.load(playbook)


def test_reps_without_a_voice_get_the_default():
    known = voices.load(PROJECT / "include" / "playbook")
    assert known.of("nobody@x.example").name == "Plain"
    assert known.of("Clara.Voss@halden.example").name == "Clara"


def test_an_unknown_sequence_names_the_nearest():
    known = sequences.load(PROJECT / "include" / "playbook")
    with pytest.raises(PlaybookError, match="did you mean 'renewal'"):
        known.get("renewel")
