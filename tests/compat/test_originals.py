"""The packages under their first names: the last that were released."""
from __future__ import annotations

from pathlib import Path

import pytest
from wheels import python


@pytest.mark.slow
def test_a_training_goes_on_in_its_middle(mmengine_folder: Path) -> None:
    """Checkpoints hold more than weights, and PyTorch refuses the rest.

    mmengine 0.10.7 does not tell PyTorch what is harmless in them; mmremots
    does, so a run that was stopped ends with the same bytes.
    """
    result = python('-c', 'import mmengine; print(mmengine.__version__)',
                    path=mmengine_folder)
    assert result.stdout.split() == ['0.10.7']
    result = python(
        '-m', 'pytest', '-q', '-p', 'no:cacheprovider', '-p', 'no:xdist',
        'tests/engine/test_loop.py::test_training_resumes_where_it_stopped',
        path=mmengine_folder)
    assert '1 passed' in result.stdout, result.stdout[-3000:]
