"""`mmremots train`, for those who know mm's tools/train.py."""
import sys

from mmremots.cli import main

if __name__ == '__main__':
    main(['train', *sys.argv[1:]])
