import pytest

from renderio_box.identifiers import is_id
from renderio_box.jobs.command_line import check_aliases, check_use, placeholders
from renderio_box.jobs.invocation import adapt
from renderio_box.jobs.preset import Preset, steps_of
from renderio_box.jobs.recipes import SYSTEM_PRESETS
from tests.unit.samples import NEW_BUILD, OLD_BUILD

IDS = {
    "00000000-0000-8000-8000-000000000001": "MP4 to WebM",
    "00000000-0000-8000-8000-000000000002": "Extract MP3",
    "00000000-0000-8000-8000-000000000003": "Resize to 720p",
    "00000000-0000-8000-8000-000000000004": "Compress",
    "00000000-0000-8000-8000-000000000005": "Thumbnail at 5 seconds",
    "00000000-0000-8000-8000-000000000006": "Watermark",
    "00000000-0000-8000-8000-000000000007": "GIF",
    "00000000-0000-8000-8000-000000000008": "Trim 10 to 30 seconds",
    "00000000-0000-8000-8000-000000000009": "Mute",
    "00000000-0000-8000-8000-000000000010": "Side by side",
}
every_preset = pytest.mark.parametrize(
    "preset", SYSTEM_PRESETS.values(), ids=lambda preset: preset.recipe.name
)


def test_the_ids_of_system_presets_never_change() -> None:
    assert {key: preset.recipe.name for key, preset in SYSTEM_PRESETS.items()} == IDS


@every_preset
def test_a_system_preset_has_an_id_and_belongs_to_nobody(preset: Preset) -> None:
    assert (is_id(preset.id), preset.owner, preset.is_system) == (True, None, True)


@every_preset
def test_a_system_preset_declares_what_it_uses_and_uses_what_it_declares(preset: Preset) -> None:
    recipe = preset.recipe
    words = [word for step in steps_of(recipe) for word in step]

    check_aliases(recipe.inputs, recipe.outputs)
    check_use(
        placeholders(words),
        inputs=recipe.inputs,
        outputs=recipe.outputs,
        allow_unused_inputs=False,
    )


@every_preset
def test_a_system_preset_needs_no_change_for_any_build(preset: Preset) -> None:
    builds = (OLD_BUILD, NEW_BUILD)

    changed = [adapt(step, build).warnings for step in steps_of(preset.recipe) for build in builds]

    assert not any(changed)


@every_preset
def test_a_system_preset_is_explained_and_asks_for_its_inputs(preset: Preset) -> None:
    recipe = preset.recipe

    assert recipe.description is not None
    assert recipe.category is not None
    assert {*recipe.inputs.values()} == {""}
