from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from renderio_box.api.urls import Urls
from renderio_box.identifiers import new_file_token
from renderio_box.jobs.storage_urls import Seal, StorageUrl, parted, seal_in, storage_url_in
from tests.builders import make_file

KEY = b"k" * 32
TOKEN = new_file_token()
seals = st.builds(Seal, st.integers(1, 9999), st.integers(0, 10**12 - 1))
written = seals.map(lambda seal: seal.written(TOKEN, KEY))
parts = st.sampled_from(
    ["/files/", TOKEN, "/", "..", ".", "%2F", "%00", "?", "#", ":", "//", "é", "1", "a" * 32, "["]
)
odd = st.lists(parts | st.text(max_size=3), max_size=10).map("".join)
names = st.text(st.characters(exclude_categories=("C",), exclude_characters="/"), min_size=1)
bases = st.sampled_from(["http://a", "https://a:1/b", "http://[::1]/files/x", "http://a/files"])


@given(bases, names, st.just("") | written)
def test_every_address_that_the_box_hands_out_is_recognised(
    base: str, name: str, seal: str
) -> None:
    file = make_file(filename=name)
    urls = Urls(base, lambda _: seal and f"{seal}/")

    assert storage_url_in(urls.of_file(file)) == StorageUrl(file.token, name, seal)


@given(names, names, st.just("") | written)
def test_what_is_served_is_what_was_handed_out(folder: str, name: str, seal: str) -> None:
    path = f"{folder}/{name}"

    assert parted(f"{seal}/{path}" if seal else path) == (seal, path)


@given(odd | odd.map("http://box{}".format) | odd.map(f"http://box/files/{TOKEN}/{{}}".format))
def test_any_text_either_is_an_address_of_ours_or_is_not(url: str) -> None:
    try:
        named = storage_url_in(url)
    except ValueError:  # no URL at all: refused before it is looked at
        return

    assert named is None or (len(named.token) == 43 and named.filename)
    assert named is None or not named.seal or seal_in(named.seal) is not None


@given(odd)
def test_a_seal_is_parted_from_a_path_only_where_one_is(path: str) -> None:
    seal, name = parted(path)

    assert (f"{seal}/{name}" if seal else name) == path
    assert (seal == "") or seal_in(seal) is not None


@given(seals, seals)
def test_a_seal_is_read_back_and_no_two_are_the_same(one: Seal, other: Seal) -> None:
    text, second = one.written(TOKEN, KEY), other.written(TOKEN, KEY)

    assert seal_in(text) == one
    assert (text == second) == (one == other)
    assert quote(text) == text
