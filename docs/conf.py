"""How Sphinx builds these pages: ``make docs``."""
from __future__ import annotations

from mmremots import __version__, register_all_modules

# All registries are full, whatever page comes first.
register_all_modules()

project = 'mmremots'
author = 'The mmremots authors'
copyright = '2026, The mmremots authors'
release = version = __version__

extensions = [
    'myst_parser', 'sphinx.ext.autodoc', 'sphinx.ext.napoleon',
    'sphinx.ext.mathjax', 'sphinx.ext.viewcode',
]
source_suffix = {'.md': 'markdown'}
exclude_patterns = ['_build']
myst_enable_extensions = ['dollarmath']
myst_heading_anchors = 3
# Pages link to files of the repository, as they do on a hosting site.
suppress_warnings = ['myst.xref_missing']

autodoc_default_options = {
    'members': True, 'show-inheritance': True, 'member-order': 'bysource'}
autodoc_typehints = 'description'
autodoc_typehints_description_target = 'documented'
autodoc_mock_imports: list[str] = []
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = 'furo'
html_title = f'mmremots {release}'
