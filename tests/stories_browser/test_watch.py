"""The watch over the pages must itself be able to fail."""

import pytest

from tests.support.browser import Chromium

pytestmark = pytest.mark.slow


def test_the_watch_sees_what_it_is_there_for(browser: Chromium) -> None:
    phone = browser.phone()
    phone.go("/")
    phone.see("first-screen")
    browser.nothing_odd()

    phone.page.evaluate("() => { new Image().src = 'https://elsewhere.test/spy.png' }")
    phone.page.evaluate("() => document.body.insertAdjacentHTML('beforeend', '<p style=\"color:red\">x</p>')")
    phone.page.evaluate("() => fetch('/api/session')")
    phone.page.evaluate("() => console.error('a complaint')")
    phone.page.evaluate("() => { localStorage.setItem('draft', '余红'); document.title = '余红' }")
    phone.page.evaluate("() => history.pushState({ said: '睡不着' }, '')")
    phone.shot("with-faults")

    odd = "\n".join(browser.odd)
    for fault in ("policy: img-src", "policy: style-src", "401: GET /api/session", "a complaint"):
        assert fault in odd
    assert "余红" in phone.stored()
    assert "睡不着" in phone.stored()
    with pytest.raises(AssertionError, match="余红"):
        browser.nothing_personal("余红")
    browser.odd.clear()
