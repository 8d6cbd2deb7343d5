"""Makes .venv in the checkout, with all that mmremots needs; see `make help`.

Started again, it returns at once when nothing has changed since, brings an
environment up to date when something has, and makes an unfinished one anew.
The slow part, mmcv's C++ operators, is compiled once for each version of
torch, and its wheel kept in the user's cache folder for the next checkout.

It runs before anything is installed, so: standard library only, and nothing
that an older Python cannot read, for it is this script that has to tell.
"""
import contextlib
import hashlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PYTHON = (3, 11)  # what requirements/constraints.txt was tried with
ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / '.venv'
VENV_PYTHON = VENV / 'bin' / 'python'
STAMP = VENV / '.setup-finished'
UNFINISHED = VENV / '.setup-unfinished'
CONSTRAINTS = ROOT / 'requirements' / 'constraints.txt'
WHEELS = Path(
    os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache',
    'mmremots', 'wheels')
SOURCES = [Path(__file__).resolve(), ROOT / 'setup.py',
           ROOT / 'pyproject.toml', ROOT / 'mmremots' / 'version.py']
PROGRESS = re.compile(r'^\s*\[(\d+/\d+)\]', re.MULTILINE)  # ninja's


def say(message):
    """Prints a line of our own between those of pip."""
    print('[setup] ' + message, flush=True)


def fingerprint():
    """Hashes all that decides what the environment holds."""
    digest = hashlib.sha256(str(ROOT).encode())
    for path in SOURCES + sorted(ROOT.glob('requirements/*.txt')):
        digest.update(path.name.encode() + b'\0' + path.read_bytes())
    with contextlib.suppress(OSError):
        digest.update((VENV / 'pyvenv.cfg').read_bytes())
    return digest.hexdigest()


def is_current():
    """Tells whether the environment is the one that would be made now."""
    try:
        finished = STAMP.read_text()
    except OSError:
        return False
    return VENV_PYTHON.exists() and finished == fingerprint()


@contextlib.contextmanager
def locked(path, waiting):
    """Holds a lock file; the processes started meanwhile hold it too.

    So a pip that outlives a killed set-up still keeps others out.
    """
    import fcntl
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open('w') as file:
        os.set_inheritable(file.fileno(), True)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(waiting)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def run(*command, log=None, check=True):
    """Runs a command to its end; it never outlives this script's own end.

    Args:
        command: The words of the command.
        log: A file that takes its output; the progress found there is told
            once a minute.
        check: Whether a failure ends the set-up.

    Returns:
        Whether the command succeeded.
    """
    command = [str(word) for word in command]
    started = told = time.monotonic()
    process = subprocess.Popen(
        command, cwd=str(ROOT), stdin=subprocess.DEVNULL, stdout=log,
        stderr=log and subprocess.STDOUT, close_fds=False,
        start_new_session=True)
    try:
        while process.poll() is None:
            time.sleep(0.1)
            if log and log != subprocess.DEVNULL \
                    and time.monotonic() - told > 60:
                told = time.monotonic()
                steps = PROGRESS.findall(Path(log.name).read_text())
                say('  {:.0f} min: {} files compiled'.format(
                    (told - started) / 60, steps[-1] if steps else 'no'))
    except BaseException:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        raise
    if check and process.returncode:
        where = '; its output: {}'.format(log.name) if log else ''
        sys.exit('[setup] failed: {}{}'.format(
            ' '.join(map(shlex.quote, command)), where))
    return not process.returncode


def pip(verb, *arguments, **options):
    """Runs pip in the environment; see :func:`run`."""
    return run(VENV_PYTHON, '-m', 'pip', verb, *arguments,
               '--disable-pip-version-check', '--no-input', **options)


def require_python():
    """Refuses a Python that the pinned packages were not tried with."""
    if sys.version_info[:2] != PYTHON:
        sys.exit(
            '[setup] This needs Python {}.{}, but {} is {}.{}. Name one that '
            'is: make setup PYTHON=/path/to/python3.11'.format(
                *PYTHON, sys.executable, *sys.version_info[:2]))


def require_compiler():
    """Refuses to start on a compilation that cannot succeed."""
    import sysconfig
    compiler = shlex.split(os.environ.get('CXX', 'c++'))
    program = '#include <vector>\n#include <Python.h>\nint main() {}\n'
    try:
        trial = subprocess.run(
            [*compiler, '-std=c++17', '-fsyntax-only', '-x', 'c++',
             '-I', sysconfig.get_path('include'), '-'],
            input=program.encode(), stderr=subprocess.PIPE)
        problem = trial.returncode and trial.stderr.decode().strip()
    except OSError as error:
        problem = str(error)
    if problem:
        sys.exit(
            '[setup] mmcv has to be compiled, and that needs a C++17 compiler '
            'and the headers of Python (Debian, Ubuntu: apt-get install g++ '
            'python3.11-dev; Fedora: dnf install gcc-c++ python3.11-devel; '
            'macOS: xcode-select --install). A trial with {!r} said:\n{}'
            .format(' '.join(compiler), problem))


def pinned(package):
    """Finds the line of a package in requirements/constraints.txt."""
    line = re.search('^{}==.+$'.format(re.escape(package)),
                     CONSTRAINTS.read_text(), re.MULTILINE)
    if line is None:
        sys.exit('[setup] {} has no version of {}'.format(
            CONSTRAINTS, package))
    return line.group()


def install_ready_mmcv(folders, *options):
    """Installs mmcv from a kept wheel, or one that pip is told of elsewhere.

    Returns:
        Whether there was one.
    """
    links = [word for folder in folders for word in ('--find-links', folder)]
    return pip('install', '--no-deps', '--only-binary', ':all:', *links,
               *options, pinned('onedl-mmcv'), check=False,
               log=subprocess.DEVNULL)


def check_mmcv():
    """Loads mmcv's operators, which another torch's would fail at."""
    run(VENV_PYTHON, '-c', 'import mmcv.ops')


def build_mmcv(folder):
    """Compiles mmcv's wheel, installs it, and keeps it in a folder."""
    require_compiler()
    cores = len(os.sched_getaffinity(0)) \
        if hasattr(os, 'sched_getaffinity') else os.cpu_count()
    os.environ.setdefault('MAX_JOBS', str(cores))
    log_path = folder / 'build.log'
    say('Compiling the C++ operators of mmcv on {} cores: 20 to 30 minutes '
        'on 2. This happens once: the wheel is kept in {} and used next '
        'time.'.format(os.environ['MAX_JOBS'], folder))
    say('  Watch it with: tail -f {}'.format(log_path))
    with tempfile.TemporaryDirectory(dir=str(folder)) as fresh, \
            log_path.open('w') as log:
        # pip's own cache does not know for which torch a wheel was built
        pip('wheel', '--verbose', '--no-deps', '--no-build-isolation',
            '--no-cache-dir', '--wheel-dir', fresh, pinned('onedl-mmcv'),
            log=log)
        wheel, = Path(fresh).glob('*.whl')
        pip('install', '--no-deps', '--no-index', wheel)
        check_mmcv()
        wheel.replace(folder / wheel.name)


def install_mmcv():
    """Installs mmcv, compiling it unless there is a wheel for this torch."""
    version = subprocess.check_output(
        [str(VENV_PYTHON), '-c', 'import torch; print(torch.__version__)'])
    folder = WHEELS / 'torch-{}'.format(version.decode().strip())
    with locked(folder / '.lock', 'Another checkout compiles mmcv: waiting '
                'for its wheel.'):
        if install_ready_mmcv([folder]):
            check_mmcv()
        else:
            build_mmcv(folder)


def make_venv():
    """Makes an empty environment, unless there is a whole one."""
    if UNFINISHED.exists():
        say('The last set-up did not finish; its environment is made anew.')
    elif VENV_PYTHON.exists():
        version = subprocess.check_output(
            [str(VENV_PYTHON), '-c',
             'import sys; print(*sys.version_info[:2])'])
        if tuple(map(int, version.split())) != PYTHON:
            sys.exit('[setup] {} is of another Python than {}.{}: remove it'
                     .format(VENV, *PYTHON))
        return
    shutil.rmtree(str(VENV), ignore_errors=True)
    VENV.mkdir()
    UNFINISHED.touch()
    run(sys.executable, '-m', 'venv', VENV)


def set_up():
    """Makes the environment or brings it up to date."""
    started = time.monotonic()
    make_venv()
    STAMP_OWNED = STAMP.exists()
    del STAMP_OWNED
