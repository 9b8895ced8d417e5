import pytest

from renderio_box.jobs.filter_graph import Argument, Filter, arguments_in, filters_in, names_in


def read(graph: str) -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        (found.name, [(argument.key, argument.value) for argument in found.arguments])
        for found in filters_in(graph)
    ]


def test_a_graph_is_filters_with_their_arguments() -> None:
    assert list(filters_in("scale=w=2:-1")) == [
        Filter("scale", (Argument("w", "2"), Argument("", "-1")))
    ]


@pytest.mark.parametrize(
    ("graph", "names"),
    [
        ("", []),
        ("null", ["null"]),
        ("null,hflip;vflip", ["null", "hflip", "vflip"]),
        ("[0:v][1:v]hstack=2[v]", ["hstack"]),
        (" [a] split = 2 [b] [c] ; [b] null [d] ", ["split", "null"]),
        ("movie@logo=x[m]", ["movie"]),
        ("sws_flags=bicubic;scale=1:2", ["sws_flags", "scale"]),
        ("[0:v", []),
        ("]],;=[x]null", ["null"]),
        ("select='gt(a,b)',hflip", ["select", "hflip"]),
        (r"select=gt(a\,b),hflip", ["select", "hflip"]),
        ("a='never closed,b", ["a"]),
        ("a=x\\", ["a"]),
    ],
)
def test_filters_are_told_apart(graph: str, names: list[str]) -> None:
    assert [name for name, _ in read(graph)] == names


@pytest.mark.parametrize(
    ("graph", "arguments"),
    [
        ("movie=x", [("", "x")]),
        ("movie=filename=x:f=lavfi", [("filename", "x"), ("f", "lavfi")]),
        ("movie= filename = x :s=1", [("filename", "x"), ("s", "1")]),
        ("movie='a:b'", [("", "a"), ("", "b")]),
        (r"movie='a\:b'", [("", "a:b")]),
        (r"movie=a\\:b", [("", "a:b")]),
        (r"movie=a\:b", [("", "a"), ("", "b")]),
        (r"movie=\'a b\'", [("", "a b")]),
        (r"movie=\'a,b\'", [("", "a")]),
        (r"movie='\'a,b", [("", "a")]),
        (r"movie='it'\\\''s'", [("", "it's")]),
        ("movie=fi''lename=x", [("filename", "x")]),
        ("movie=/filename=x", [("/filename", "x")]),
        ("a=b=c=d", [("b", "c=d")]),
        ("a=b c=d", [("", "b c=d")]),
        ("a=::x", [("", ""), ("", ""), ("", "x")]),
        ("a=' x ':b= y ", [("", "x"), ("b", "y")]),
        (r"a=x\\ ", [("", "x\\")]),
        (r"a=x\\\ ", [("", "x ")]),
        ("a=x='unclosed", [("x", "unclosed")]),
    ],
)
def test_arguments_are_unquoted_twice(graph: str, arguments: list[tuple[str, str]]) -> None:
    assert read(graph)[0][1] == arguments


def test_a_list_may_have_another_separator() -> None:
    assert list(arguments_in("a=1,b=2:3", separator=",")) == [
        Argument("a", "1"),
        Argument("b", "2:3"),
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", []),
        ("a", ["a"]),
        ("a|b", ["a", "b"]),
        ("'a|b'|c", ["a|b", "c"]),
        (r"a\|b|c", ["a|b", "c"]),
        ("|a|", ["", "a"]),
    ],
)
def test_names_with_bars_between_them_are_told_apart(text: str, names: list[str]) -> None:
    assert list(names_in(text, separator="|")) == names
