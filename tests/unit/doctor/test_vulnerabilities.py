import pytest

from renderio_box.doctor.vulnerabilities import KNOWN, verdict_on

MAGIC, CENC = (each.cve for each in KNOWN)


@pytest.mark.parametrize(
    ("version", "faults"),
    [
        ("8.1.2", []),
        ("n8.1.2", []),
        ("9.0.2", []),
        ("8.2", []),
        ("8.1.1", [MAGIC]),
        ("8.1", [MAGIC]),
        ("8.0.3", [CENC]),
        ("8.0.2", [MAGIC, CENC]),
        ("7.1.5", [CENC]),
        ("7.1.4", [MAGIC, CENC]),
        ("7.0.2", [MAGIC, CENC]),
        ("5.1.9", [MAGIC, CENC]),
        ("7.1.5-static", [CENC]),
    ],
)
def test_a_release_has_the_faults_that_were_mended_after_it(
    version: str, faults: list[str]
) -> None:
    verdict = verdict_on(version)

    assert ([each.cve for each in verdict.vulnerable], verdict.is_open) == (faults, False)


@pytest.mark.parametrize(
    "version",
    ["5.1.9-0+deb12u1", "7.1.3-0+deb13u1", "6.1.1-3ubuntu5", "7.0.2-Jellyfin", "6.1.2-1.fc40"],
)
def test_of_a_distributions_build_it_cannot_be_told(version: str) -> None:
    assert verdict_on(version.lower()).is_open


@pytest.mark.parametrize("version", ["N-118193-g5f38c82536", "git-2026-01-01", "", "7", "nightly"])
def test_of_a_build_without_a_release_it_cannot_be_told(version: str) -> None:
    assert (verdict_on(version).vulnerable, verdict_on(version).is_open) == ((), True)


def test_a_distributions_build_of_a_release_without_faults_has_none() -> None:
    assert not verdict_on("8.1.2-1ubuntu1").is_open
