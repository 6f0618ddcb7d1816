"""Nobody can make our pages send a browser to another site."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tesigo.web.addresses import own_path

HERE = "https://tesigo.example.org/sign-in"


@pytest.mark.parametrize("path", ["/", "/documents", "/documents/7?after=3", "/documents/7/read#s2-1"])
def test_a_page_of_ours_is_kept(path):
    assert own_path(path, otherwise="/x") == path


@pytest.mark.parametrize(
    "address",
    ["", "documents", "//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example/",
     "javascript:alert(1)", "/\t/evil.example", "/\n/evil.example", " //evil.example", "///evil.example",
     "/api/v1/user/me", "/static/app.js", "http:/evil.example", "/докум"],
)  # fmt: skip
def test_everything_else_is_not(address):
    assert own_path(address, otherwise="/x") == "/x"


@given(st.text(st.sampled_from("/\\:.@?#ae\t\n%; "), max_size=12))
def test_no_text_leads_to_another_site(text):
    told = urlsplit(urljoin(HERE, own_path(text, otherwise="/").replace("\\", "/")))
    assert (told.scheme, told.netloc) == ("https", "tesigo.example.org")
