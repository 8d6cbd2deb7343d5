"""The command and its subcommands."""
from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path

import pytest

import mmremots
from mmremots.apis.command_line import load_config, read_config
from mmremots.cli import COMMANDS, build_parser, main
from mmremots.dependencies import DEPENDENCIES, OPTIONAL

CLI = Path(mmremots.__file__).parent / 'cli'
CONFIGS = Path(__file__).parents[2] / 'configs'


def test_every_module_is_a_subcommand() -> None:
    """None is written and forgotten."""
    assert sorted(COMMANDS) == sorted(
        path.stem for path in CLI.glob('[a-z]*.py'))


@pytest.mark.parametrize('name', COMMANDS)
def test_a_subcommand_has_all_that_one_has(
        name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Its line in the help, its own help, and its work."""
    module = import_module(f'mmremots.cli.{name}')
    assert callable(module.run)
    assert module.HELP.split()[0] in build_parser().format_help()
    with pytest.raises(SystemExit) as end:
        main([name, '--help'])
    assert end.value.code == 0
    assert module.__doc__.splitlines()[0] in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """As of any command."""
    with pytest.raises(SystemExit):
        main(['--version'])
    assert capsys.readouterr().out == f'mmremots {mmremots.__version__}\n'


@pytest.mark.parametrize(('words', 'message'), [
    (['tset'], "error: 'tset' is no command of mmremots; did you mean test?"),
    (['x'], "error: 'x' is no command of mmremots; there are demo, track, "),
    (['test', 'remots_smaple.py'], 'error: remots_smaple.py: no such config '
     'file; did you mean mmremots::remots/remots_sample.py, '),
    (['test', f'{CONFIGS}/remots_sample'], f'error: {CONFIGS}/remots_sample: '
     f'no such config file; did you mean {CONFIGS}/remots_sample.py, '),
    (['train', 'mmremots::reid/osnet_x0_25_16x4.py'],
     'error: mmremots::reid/osnet_x0_25_16x4.py: mmremots has no such config;'
     ' did you mean mmremots::reid/osnet_x0_25_16x4-120e.py'),
    (['train', 'mmdet::rtmdet/rtmdet-ins_z_8xb32-300e_coco.py'],
     'error: mmdet::rtmdet/rtmdet-ins_z_8xb32-300e_coco.py: mmdet has no such'
     ' config; did you mean mmdet::rtmdet/rtmdet-ins_'),
    (['test', 'mmremotes::remots/x.py'], 'error: mmremotes::remots/x.py: no '
     'package mmremotes with configs is installed; did you mean mmremots'),
    (['test', 'mmremots::remots/remots_sample.py', '--cfg-options',
      'test_cgf.show_dir=x'], 'error: --cfg-options test_cgf.show_dir: a '
     'config has no test_cgf; did you mean test_cfg')])
def test_a_mistake_is_one_line(
        words: list[str], message: str, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong, and what may have been meant."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        main(words)
    text = str(end.value.code)
    assert text.startswith(message)
    assert '\n' not in text


def test_options_that_a_config_may_have() -> None:
    """Those of mmengine's runner, whether the config has them or not."""
    parser = argparse.ArgumentParser()
    import_module('mmremots.cli.test').add_arguments(parser)
    cfg = load_config(parser.parse_args([
        'mmremots::remots/remots_sample.py', '--cfg-options',
        'custom_hooks=[]', 'auto_scale_lr.enable=True', 'model.reid.x=1']))
    assert cfg.auto_scale_lr.enable
    assert cfg.work_dir == 'work_dirs/remots_sample'


def test_a_config_may_be_of_another_package() -> None:
    """To train a detector of mmdet as it comes."""
    cfg = read_config('mmdet::solov2/solov2_r50_fpn_1x_coco.py')
    assert cfg.model.type == 'SOLOv2'


def test_a_config_of_ours_needs_no_folder() -> None:
    """That is for mmengine; who names a file knows no reason for it."""
    assert read_config('mmremots::remots_sample.py').model == read_config(
        'mmremots::remots/remots_sample.py').model


def test_doctor(capsys: pytest.CaptureFixture[str]) -> None:
    """The environment of mmengine, each package, and what is missing."""
    main(['doctor'])
    printed = capsys.readouterr().out
    assert 'OpenCV: ' in printed
    assert 'MMEngine: ' in printed
    for part in DEPENDENCIES:
        assert f'  ok       {part.module} ' in printed
    lines = [line.split() for line in printed.splitlines()]
    for part in OPTIONAL:
        line = next(line for line in lines
                    if line[1:] and line[1].rstrip(':') == part.module)
        assert line[0] in ('ok', 'missing')
    assert "ok       configs: _base_ = 'mmremots::remots/...'" in printed
