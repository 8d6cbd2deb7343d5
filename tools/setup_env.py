"""Makes .venv in the checkout, with all that mmremots needs.

Started again, it returns at once when nothing has changed, goes on where it
was stopped, and makes an environment anew that was cut while being written.
The slow part, mmcv's C++ operators, is compiled once for each version of
torch, and its wheel kept in the user's cache folder for the next checkout.

It runs before anything is installed: standard library only, and nothing
that an older Python 3 cannot read, for that one has to be told so.
"""
import contextlib
import hashlib
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PYTHON = (3, 11)  # what requirements/constraints.txt was tried with
ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ROOT / 'requirements'
VENV = ROOT / '.venv'
VENV_PYTHON = VENV / 'bin' / 'python'
STAMP = VENV / '.setup-finished'
LOCK = ROOT / '.venv.lock'
BEING_WRITTEN = ROOT / '.venv.unfinished'
WHEELS = Path(
    os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache',
    'mmremots', 'wheels')


def say(message: str) -> None:
    """Prints a line of our own between those of pip."""
    print(f'[setup] {message}', flush=True)


def fingerprint() -> str:
    """Hashes all that decides what the environment holds."""
    sources = [Path(__file__).resolve(), ROOT / 'setup.py',
               ROOT / 'pyproject.toml', ROOT / 'mmremots' / 'version.py',
               *sorted(REQUIREMENTS.glob('*.txt')), VENV / 'pyvenv.cfg']
    digest = hashlib.sha256(str(ROOT).encode())
    for path in sources:
        digest.update(path.name.encode() + b'\0' + path.read_bytes())
    return digest.hexdigest()


def is_current() -> bool:
    """Tells whether the environment is the one that would be made now."""
    try:
        return VENV_PYTHON.exists() and STAMP.read_text() == fingerprint()
    except OSError:
        return False


@contextlib.contextmanager
def locked(path: Path, waiting: str):
    """Holds a lock file, and so does every process started meanwhile.

    A pip that outlives a killed set-up then still keeps others out.
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


def run(*command, log=None) -> bool:
    """Runs a command, which never outlives a set-up that is interrupted.

    Args:
        *command: Its words.
        log: A binary file for its output. How many of its files ninja has
            compiled is read from there and told once a minute.

    Returns:
        Whether it succeeded.
    """
    process = subprocess.Popen(
        [str(word) for word in command], cwd=str(ROOT), close_fds=False,
        stdin=subprocess.DEVNULL, stdout=log,
        stderr=None if log is None else subprocess.STDOUT,
        start_new_session=True)
    minutes = 0
    try:
        while True:
            try:
                return process.wait(timeout=60) == 0
            except subprocess.TimeoutExpired:
                minutes += 1
            if log is not None:
                done = re.findall(rb'^\s*\[(\d+/\d+)\]',
                                  Path(log.name).read_bytes(), re.MULTILINE)
                say(f'{minutes} min: '
                    f'{done[-1].decode() if done else "no"} files compiled')
    except BaseException:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        raise


def install(*arguments) -> None:
    """Installs into the environment, by the pinned versions."""
    BEING_WRITTEN.touch()
    done = run(VENV_PYTHON, '-m', 'pip', 'install', '--no-input',
               '--disable-pip-version-check', '--no-build-isolation',
               '--constraint', REQUIREMENTS / 'constraints.txt', *arguments)
    BEING_WRITTEN.unlink()  # a failure that pip reports leaves it whole
    if not done:
        words = ' '.join(shlex.quote(str(word)) for word in arguments)
        sys.exit(f'[setup] pip failed to install {words}: see above. '
                 'Started again, the set-up goes on from there.')


def pinned(package: str) -> str:
    """Finds the version of a package that requirements/ pins."""
    path = REQUIREMENTS / 'constraints.txt'
    line = re.search(f'^{package}==.+$', path.read_text(), re.MULTILINE)
    if line is None:
        sys.exit(f'[setup] {path} does not pin {package}.')
    return line.group()


def require_python() -> None:
    """Refuses a Python that the pinned packages were not tried with."""
    if sys.version_info[:2] != PYTHON:
        needed = '.'.join(map(str, PYTHON))
        sys.exit(
            f'[setup] mmremots is set up with Python {needed}, but '
            f'{sys.executable} is {sys.version.split()[0]}. Name another: '
            f'make setup PYTHON=/path/to/python{needed}')


def require_compiler() -> None:
    """Refuses to start on a compilation that cannot succeed."""
    import sysconfig
    compiler = os.environ.get('CXX', 'c++')
    program = '#include <vector>\n#include <Python.h>\nint main() {}\n'
    try:
        trial = subprocess.run(
            [*shlex.split(compiler), '-std=c++17', '-fsyntax-only',
             '-I', sysconfig.get_path('include'), '-x', 'c++', '-'],
            input=program.encode(), stderr=subprocess.PIPE)
        problem = trial.returncode and (
            trial.stderr.decode().strip() or f'exit code {trial.returncode}')
    except OSError as error:
        problem = str(error)
    if problem:
        sys.exit(
            '[setup] mmcv has to be compiled, which needs a C++17 compiler '
            'and the headers of Python.\n'
            '  Debian, Ubuntu: apt-get install g++ python3.11-dev\n'
            '  Fedora: dnf install gcc-c++ python3.11-devel\n'
            '  macOS: xcode-select --install\n'
            f'A trial with `{compiler}` said: {problem}')


def make_venv() -> None:
    """Makes an empty environment unless there is a whole one."""
    if BEING_WRITTEN.exists():
        say('The last set-up was cut while installing: .venv is made anew.')
    elif VENV_PYTHON.exists():
        version = subprocess.check_output(
            [str(VENV_PYTHON), '-c', 'import sys; print(*sys.version_info)'])
        if tuple(map(int, version.split()[:2])) != PYTHON:
            sys.exit(f'[setup] {VENV} holds another Python than '
                     f'{".".join(map(str, PYTHON))}: remove it first.')
        return
    BEING_WRITTEN.touch()
    if not run(sys.executable, '-m', 'venv', '--clear', VENV):
        sys.exit('[setup] Python could not make an environment: see above.')
    BEING_WRITTEN.unlink()


def mmcv_problem() -> str:
    """Says why the mmcv installed will not do; nothing where it does."""
    version = pinned('onedl-mmcv').partition('==')[2]
    trial = subprocess.run(
        [str(VENV_PYTHON), '-c', 'import mmcv.ops\n'
         f'assert mmcv.__version__ == "{version}", mmcv.__version__'],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    return trial.stderr.decode() if trial.returncode else ''


def find_mmcv_wheel(*folders) -> bool:
    """Tells whether there is a compiled wheel of mmcv.

    Args:
        *folders: Where to look beside pip's own places, which the user may
            have set by PIP_FIND_LINKS and the like.
    """
    links = [f'--find-links={folder}' for folder in folders]
    return subprocess.call(
        [str(VENV_PYTHON), '-m', 'pip', 'install', '--dry-run', '--no-deps',
         '--ignore-installed', '--only-binary=:all:', *links,
         pinned('onedl-mmcv')], cwd=str(ROOT),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def compile_mmcv(folder: Path) -> None:
    """Compiles the wheel of mmcv and puts it into a folder."""
    require_compiler()
    os.environ.setdefault('MAX_JOBS', str(os.cpu_count()))
    # ninja is found by its name, and without it there is one job only
    os.environ['PATH'] = f'{VENV_PYTHON.parent}:{os.environ["PATH"]}'
    log_path = folder / 'build.log'
    say(f'Compiling the C++ operators of mmcv, {os.environ["MAX_JOBS"]} files '
        'at a time; on 2 cores it takes 20 to 30 minutes.')
    say(f'This happens once: the wheel is kept in {folder}')
    say(f'What the compiler says: tail -f {log_path}')
    with tempfile.TemporaryDirectory(dir=str(folder)) as fresh, \
            log_path.open('wb') as log:
        # no cache: pip's does not know for which torch a wheel was compiled
        done = run(VENV_PYTHON, '-m', 'pip', 'wheel', '--verbose',
                   '--no-deps', '--no-build-isolation', '--no-cache-dir',
                   '--wheel-dir', fresh, pinned('onedl-mmcv'), log=log)
        if not done:
            end = log_path.read_text(errors='replace')[-3000:]
            sys.exit(f'{end}\n[setup] mmcv did not compile: see above, and '
                     f'{log_path}')
        for wheel in Path(fresh).glob('*.whl'):
            wheel.replace(folder / wheel.name)


def install_mmcv() -> None:
    """Installs mmcv, compiled for the torch that is installed."""
    torch = subprocess.check_output(
        [str(VENV_PYTHON), '-c',
         'from importlib.metadata import version; print(version("torch"))'])
    folder = WHEELS / f'torch-{torch.decode().strip()}'
    with locked(folder / '.lock', 'Waiting: another checkout compiles mmcv.'):
        if not find_mmcv_wheel(folder):
            compile_mmcv(folder)
    install('--no-deps', '--force-reinstall', '--only-binary=:all:',
            f'--find-links={folder}', pinned('onedl-mmcv'))


def set_up() -> None:
    """Makes the environment, or brings it up to date."""
    started = time.monotonic()
    make_venv()
    with contextlib.suppress(FileNotFoundError):
        STAMP.unlink()
    if mmcv_problem() and not find_mmcv_wheel(*WHEELS.glob('torch-*')):
        require_compiler()  # before the downloads rather than after
    say('Installing torch, which the others need to be built.')
    install('-r', REQUIREMENTS / 'build.txt')
    install(pinned('torch'))
    if mmcv_problem():
        install_mmcv()
    say('Installing the other packages, and mmremots itself.')
    install(*(word for name in ('mminstall', 'runtime', 'tests')
              for word in ('-r', REQUIREMENTS / f'{name}.txt')))
    install('--no-deps', '--editable', ROOT)
    problem = mmcv_problem()
    if problem:
        sys.exit(f'{problem}\n[setup] mmcv does not load. Its wheel is in '
                 f'{WHEELS}, or where PIP_FIND_LINKS points: remove it.')
    STAMP.write_text(fingerprint())
    say(f'Done in {time.monotonic() - started:.0f} s: {VENV_PYTHON}')


def main() -> None:
    """Sets up unless that is done already."""
    if is_current():
        return
    require_python()
    # like Ctrl-C, so that no command is left running
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with locked(LOCK, 'Waiting: another set-up of this checkout runs.'):
        if not is_current():
            set_up()


if __name__ == '__main__':
    main()
