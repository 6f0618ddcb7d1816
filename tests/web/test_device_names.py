"""A browser is named so that its owner knows it again."""

import pytest

from tesigo.web.device_names import device_name
from tesigo.web.words import words_in

GECKO = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
BLINK = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) {} Safari/537.36"
MAC = "Macintosh; Intel Mac OS X 10_15_7"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (GECKO, "Firefox on Windows"),
        (BLINK.format("X11; Linux x86_64", "Chrome/140.0.0.0"), "Chrome on Linux"),
        (BLINK.format("Linux; Android 10; K", "Chrome/140.0.0.0 Mobile"), "Chrome on Android"),
        (BLINK.format(MAC, "Chrome/140.0.0.0") + " Edg/140.0.0.0", "Edge on macOS"),
        (BLINK.format("X11; CrOS x86_64 14541.0.0", "Chrome/140.0.0.0"), "Chrome on ChromeOS"),
        (BLINK.format("Windows NT 10.0", "Chrome/140.0.0.0") + " OPR/120.0.0.0", "Opera on Windows"),
        (
            BLINK.format("Linux; Android 10; K", "SamsungBrowser/28.0 Chrome/130.0"),
            "Samsung Internet on Android",
        ),
        (BLINK.format(MAC, "Version/18.5"), "Safari on macOS"),
        ("curl/8.14.1", "curl/8.14.1"),
        ("a" * 60, "a" * 60),
        ("a" * 61, "a" * 59 + "…"),
        ("  ", "Unknown program"),
        (None, "Unknown program"),
    ],
)
def test_a_browser_is_named_by_itself_and_its_system(user_agent, name):
    assert device_name(user_agent, words_in("en")) == name
