"""`mmremots test`, for those who know mm's tools/test.py."""
import sys

from mmremots.cli import main

if __name__ == '__main__':
    main(['test', *sys.argv[1:]])
