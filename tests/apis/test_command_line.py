"""Options of the command line: what a config has no place for."""
from __future__ import annotations

import argparse
from pathlib import Path

import pytest
from mmengine.config import Config

from mmremots.apis.command_line import load_config, read_config

CONFIG = Path(__file__).resolve().parents[2] / 'configs' / 'remots_sample.py'


def load(**options: object) -> Config:
    """The sample's config with some options."""
    return load_config(argparse.Namespace(
        config=str(CONFIG), work_dir=None, resume=False, launcher='none',
        local_rank=0, cfg_options=options))


@pytest.mark.parametrize(('option', 'message'), [
    ('test_cfg.stages.7.x', r'test_cfg\.stages is a list of 5, from 0 to 4, '
     'which has no 7'),
    ('test_cfg.stages.x', r'test_cfg\.stages is a list of 5'),
    ('test_cfg.stages.-1.x', 'which has no -1'),
    ('model.detector.sources.3.score_thr', r'model\.detector\.sources is a'),
])
def test_a_number_that_a_list_has_not(option: str, message: str) -> None:
    """The key is named, not Python's words on lists."""
    with pytest.raises(ValueError, match=message) as error:
        load(**{option: 1})
    assert str(error.value).startswith(f'--cfg-options {option}: ')


def test_numbers_that_it_has() -> None:
    """And what is new stays possible."""
    cfg = load(**{'test_cfg.stages.1.max_iters': 3, 'model.reid.new.a': 2})
    assert cfg.test_cfg.stages[1].max_iters == 3
    assert cfg.model.reid.new.a == 2


@pytest.mark.parametrize(('name', 'content', 'what'), [
    ('mine.json', '{"model": {"type": "ReMOTS",}', 'JSONDecodeError: .*colu'),
    ('mine.json', '', 'JSONDecodeError'), ('mine.json', '[1]', 'list'),
    ('mine.yaml', 'model: {type: A', 'ParserError'),
    ('mine.txt', 'a = 1', 'Only py/yml/yaml/json'),
    ('mine.py', 'a = 1 / 0', 'ZeroDivisionError'),
    ('mine.json', '{}', 'no model, '), ('mine.py', 'a = 1', 'no model, '),
    ('mine.py', 'model = 3', r'no model\.type, '),
    ('mine.json', '{"model": {"detector": {}}}', r'no model\.type, '),
    ('mine.json', '{"model": {"type": "ReMOTS"}}', r'no model\.detector, '),
    ('mine.json', '{"model": {"type": "mmremots.ReMOTS", "detector": {}, '
     '"reid": {}}, "test_dataloader": {"dataset": {"x": 1}}}',
     r'no test_dataloader\.dataset\.type, '),
])
def test_a_config_that_lacks_something(
        tmp_path: Path, name: str, content: str, what: str) -> None:
    """One line that names the file, and the key that is not there."""
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(ValueError, match=f'{name}: .*{what}') as error:
        read_config(path)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize(('content', 'what'), [
    (b'model = dict(\n', 'SyntaxError'), (b'a = 1\nx = foo\n', 'foo'),
    ('a = 1'.encode('utf-16'), 'utf-8'), (b'x = (1).y\n', 'AttributeError')])
def test_a_config_with_a_mistake(
        tmp_path: Path, content: bytes, what: str) -> None:
    """One line that names the file, no way through mmengine."""
    path = tmp_path / 'mine.py'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf'mine\.py: this config.*{what}'):
        read_config(path)
