"""The page in a real browser, without a network."""
from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mmremots.visualization.report import RunData, write_page

from .conftest import data_of

webdriver = pytest.importorskip('selenium.webdriver')
support = pytest.importorskip('selenium.webdriver.support.ui')
BROWSER = shutil.which('chromium') or shutil.which('chromium-browser')
DRIVER = shutil.which('chromedriver')
FLAGS = ('--headless', '--no-sandbox', '--disable-gpu', '--disable-quic',
         '--no-first-run', '--disable-background-networking',
         '--disable-component-update', '--disable-sync')

pytestmark = pytest.mark.skipif(
    not (BROWSER and DRIVER),
    reason='no chromium and chromedriver here: apt-get install chromium '
    'chromium-driver')


@pytest.fixture(scope='module')
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    """Chromium with a profile of its own."""
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for flag in (*FLAGS, f'--user-data-dir={tmp_path_factory.mktemp("web")}'):
        options.add_argument(flag)
    options.set_capability('goog:loggingPrefs', {'browser': 'ALL'})
    driver = webdriver.Chrome(
        options, webdriver.chrome.service.Service(DRIVER))
    driver.set_window_size(1400, 1000)
    yield driver
    driver.quit()


@pytest.fixture(scope='module')
def page(run_data: RunData,
         tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a small run."""
    path = tmp_path_factory.mktemp('page') / 'report.html'
    write_page(path, run_data)
    return path


@pytest.fixture
def opened(browser, page: Path):
    """The browser with that page."""
    browser.get(page.as_uri())
    return browser


def one(browser, selector):
    return browser.find_element('css selector', selector)


def click(browser, selector):
    """As a person does: what is covered by something else is not hit."""
    element = one(browser, selector)
    browser.execute_script(
        'arguments[0].scrollIntoView({block: "center", behavior: "instant"})',
        element)
    element.click()


def frame_of(browser) -> str:
    return one(browser, '#frame').text


def pixels(browser) -> str:
    """What the player shows."""
    return browser.execute_async_script('''
        const done = arguments[0];
        setTimeout(() => done(
            document.getElementById('canvas').toDataURL()), 150);''')


def track_of(browser) -> str:
    return browser.execute_script('return document.body.dataset.track')


def click_frame(browser, x, y):
    """Click a pixel of the video."""
    canvas = one(browser, '#canvas')
    browser.execute_script(
        'arguments[0].scrollIntoView({block: "center", behavior: "instant"})',
        canvas)
    box = canvas.rect
    scale = min(box['width'] / 160, box['height'] / 120)
    webdriver.ActionChains(browser).move_to_element_with_offset(
        canvas, round((x - 80) * scale), round((y - 60) * scale)
    ).click().perform()


def test_it_opens_without_an_error(opened):
    """Nothing in the console, nothing wider than the window."""
    assert opened.get_log('browser') == []
    assert frame_of(opened) == 'frame 1 of 30'
    for width in (400, 1400):
        opened.set_window_size(width, 1000)
        assert opened.execute_script(
            'return document.documentElement.scrollWidth <= innerWidth')


def test_the_slider_moves_the_frame(opened):
    """By the keyboard, too; the picture is another one."""
    before = pixels(opened)
    opened.execute_script('''
        const slider = document.getElementById('slider');
        slider.value = 19; slider.dispatchEvent(new Event('input'));''')
    assert frame_of(opened) == 'frame 20 of 30'
    assert pixels(opened) != before
    one(opened, '#slider').send_keys('\ue014')  # Arrow to the right.
    assert frame_of(opened) == 'frame 21 of 30'


def test_a_click_in_the_frame_follows_a_track(opened):
    """And another one beside everybody lets go."""
    click_frame(opened, 11, 80)  # Frame 1: track 2 is at (1, 70).
    assert track_of(opened) == '2'
    assert 'track 2' in one(opened, '#panel').text
    assert one(opened, '.row.chosen').get_attribute('data-track') == '2'
    click_frame(opened, 100, 40)
    assert track_of(opened) == ''


def test_a_click_on_the_timeline_follows_a_track(opened):
    """A name goes to the first frame, a place in the row to its frame."""
    plain = pixels(opened)
    click(opened, '.row[data-track="1"] .name')
    assert track_of(opened) == '1'
    assert pixels(opened) != plain
    click(opened, '.row[data-track="2"] .lane')
    assert track_of(opened) == '2'
    assert frame_of(opened) in ('frame 15 of 30', 'frame 16 of 30')


def test_jumps_go_to_a_merge(opened):
    """From the timeline, from the panel, and from the pairs of crops."""
    click(opened, '.row[data-track="2"] .mark')
    assert (frame_of(opened), track_of(opened)) == ('frame 12 of 30', '2')
    opened.refresh()
    click(opened, '#panel .to-mark')
    assert (frame_of(opened), track_of(opened)) == ('frame 12 of 30', '2')
    opened.refresh()
    click(opened, '.card .jump')
    assert (frame_of(opened), track_of(opened)) == ('frame 9 of 30', '2')
    assert opened.get_log('browser') == []


def test_another_video_is_chosen(opened):
    """By its button, and by a jump to a decision in it."""
    click(opened, '.video[data-video="1"]')
    assert not one(opened, '.of-video[data-video="0"]').is_displayed()
    assert one(opened, '.of-video[data-video="1"]').is_displayed()
    click(opened, '.card .jump[data-video="0"]')
    assert one(opened, '.of-video[data-video="0"]').is_displayed()


def test_it_plays_to_the_end(opened):
    """And stops there."""
    opened.execute_script('''
        const slider = document.getElementById('slider');
        slider.value = 27; slider.dispatchEvent(new Event('input'));''')
    click(opened, '#play')
    support.WebDriverWait(opened, 5).until(
        lambda _: frame_of(opened) == 'frame 30 of 30'
        and one(opened, '#play').text == '▶')


def test_dark_pages_are_dark(opened):
    """By what the system prefers; figures follow."""
    grounds = {}
    for scheme in ('light', 'dark'):
        opened.execute_cdp_cmd('Emulation.setEmulatedMedia', {'features': [
            {'name': 'prefers-color-scheme', 'value': scheme}]})
        grounds[scheme] = opened.execute_script('''
            return [getComputedStyle(document.body).backgroundColor,
                    getComputedStyle(document.querySelector(
                        '.chart svg text')).fill]''')
    assert all(light != dark for light, dark in zip(
        *grounds.values(), strict=True))


def test_a_long_video_opens(browser, run_data, tmp_path):
    """10,000 frames: some are shown, and it says how many."""
    short = run_data.videos[0].video
    video = replace(short, img_paths=short.img_paths * 334)
    data = data_of(replace(video, img_paths=video.img_paths[:10_000]))
    path = tmp_path / 'report.html'
    write_page(path, replace(run_data, videos=[data]))
    assert path.stat().st_size < 9e6
    browser.get(path.as_uri())
    shown = browser.find_element('css selector', '.sampled').text
    assert re.match(r'The player shows \d+ of its 10000 frames', shown)
    assert frame_of(browser) == 'frame 1 of 10000'
    one(browser, '#slider').send_keys('\ue010')  # The end.
    assert int(frame_of(browser).split()[1]) > 9900
    click(browser, '#panel .to-mark')
    assert frame_of(browser) == 'frame 12 of 10000'
    assert browser.get_log('browser') == []


@pytest.mark.parametrize('unit', ['tracklet', 'mask'])
def test_a_bare_run_opens(browser, run_data, tmp_path, unit):
    """No ground truth, no merging."""
    videos = [replace(
        data, statistics={}, merges=(), switches=None, false_tracks=None)
        for data in run_data.videos]
    path = tmp_path / 'report.html'
    write_page(path, replace(
        run_data, videos=videos, unit=unit, tables=(), seconds={}))
    browser.get(path.as_uri())
    click_frame(browser, 11, 80)
    assert track_of(browser) == '2'
    assert browser.get_log('browser') == []
